"""Fetches studies from a PACS by DICOMweb (QIDO-RS and WADO-RS) into a folder, an ordinary input of the other commands.

`login` reads the credentials, `server` is the connection, and `study` finds the images of a study and stores them.
"""
