"""The roof: settings, composition and doors. Nothing imports this package."""
