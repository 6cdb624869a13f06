"""JupyterHub's configuration: the front door."""
