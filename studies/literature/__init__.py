"""Study: the methods in the literature compared with this project's results."""
