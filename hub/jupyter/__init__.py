"""JupyterHub as the front door: configuration, authenticator, page templates."""
