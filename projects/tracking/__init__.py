"""MLflow for projects: each project's runs and models in its own MLflow workspace."""
