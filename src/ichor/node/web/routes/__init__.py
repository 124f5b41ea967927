"""The routes of the web server, an area a file; `ichor.node.web.app` includes them."""
