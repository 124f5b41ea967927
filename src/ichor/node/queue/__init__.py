"""The queue: what was received, what is analysed and what has to be delivered, in one SQLite database.

`database` is the connection and `schema` the tables. The other modules each hold the changes of one kind of row:
`studies` (received images), `analyses`, `deliveries` and `commitments` (answers to requests of storage commitment);
`finished` deletes rows by the retention rule.
"""
