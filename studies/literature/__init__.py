"""The methods of the literature with this project's results among them."""
