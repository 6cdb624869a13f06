"""The portal: pages in French and English where data is found, asked for, decided on and opened."""

from hub.portal.app import create_app
from hub.portal.checks import CheckedBatch, CheckedTable, CheckLine
from hub.portal.settings import PortalSettings
from hub.portal.views import (
    Batch,
    CatalogueColumn,
    CatalogueTable,
    Fact,
    Project,
    ProjectState,
    ProjectsView,
    SystemState,
)

__all__ = [
    "Batch",
    "CatalogueColumn",
    "CatalogueTable",
    "CheckLine",
    "CheckedBatch",
    "CheckedTable",
    "Fact",
    "PortalSettings",
    "Project",
    "ProjectState",
    "ProjectsView",
    "SystemState",
    "create_app",
]
