"""A project's workspace: JupyterLab in a sandbox that holds its own extract and nothing else."""
