"""JupyterHub is the front door: one sign-in, one port; the portal and the workspaces stand behind it.

Everything that varies comes from the file that `HUB_JUPYTER_SETTINGS` names (`hub.jupyter.settings`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:  # JupyterHub runs this file by itself
    sys.path.insert(0, _ROOT)

from hub.jupyter.settings import FILE, JupyterSettings, named  # noqa: E402
from hub.jupyter.workspaces import build_workspaces  # noqa: E402
from projects.workspace import doors  # noqa: E402
from projects.workspace.spawner import WorkspaceSpawner  # noqa: E402

if TYPE_CHECKING:

    def get_config() -> Any:
        """JupyterHub puts this in the file's namespace."""


settings = JupyterSettings.read(Path(os.environ[FILE]))
home = settings.paths()
HOUR = 3600


def _socket_url(path: Path | str) -> str:
    return "http+unix://" + quote(str(path), safe="").lower()


c = get_config()

# The Hub and the proxy's orders on sockets closed to others; one loopback port for browsers.
c.JupyterHub.bind_url = settings.bind_url
c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = _socket_url(settings.hub_socket)
c.JupyterHub.hub_socket_mode = 0o600
# `hub serve` runs the proxy, so that a Hub that restarts cuts nobody off.
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = _socket_url(settings.proxy_socket)
c.ConfigurableHTTPProxy.auth_token = settings.proxy_token
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cleanup_proxy = False

c.JupyterHub.db_url = f"sqlite:///{home.jupyterhub / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(home.jupyterhub / "cookie_secret")
c.JupyterHub.cookie_max_age_days = 1
c.JupyterHub.oauth_token_expires_in = 12 * HOUR
c.JupyterHub.api_page_default_limit = 50

c.JupyterHub.authenticator_class = named(settings.authenticator)
c.Authenticator.admin_users = set()  # a Hub admin could enter other people's workspaces
c.JupyterHub.admin_access = False

c.JupyterHub.spawner_class = WorkspaceSpawner
c.WorkspaceSpawner.workspaces = lambda: build_workspaces(os.environ[FILE])
c.Spawner.hub_connect_url = _socket_url(f"/run/svc/{doors.HUB}")
c.Spawner.default_url = "/lab"
c.Spawner.poll_interval = 5  # how long a closed permit's workspace may live
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 120
c.JupyterHub.allow_named_servers = True
c.JupyterHub.named_server_limit_per_user = 8
c.JupyterHub.active_server_limit = 0
c.JupyterHub.default_url = "/services/portal/"

# No `url`: `hub serve` tells the proxy of the portal, which listens on a socket closed to others.
c.JupyterHub.services = [
    {
        "name": "portal",
        "api_token": settings.portal_token,
        "oauth_client_id": "service-portal",
        "oauth_no_confirm": True,
        "oauth_redirect_uri": "/services/portal/oauth_callback",
        "display": False,
    }
]
c.JupyterHub.load_roles = [
    # Starts, stops and lists workspaces in the name of the person who clicked.
    {"name": "portal", "services": ["portal"], "scopes": ["list:users", "read:servers", "servers"]},
    {"name": "user", "scopes": ["self", "access:services!service=portal"]},
]
c.JupyterHub.template_paths = [str(Path(_ROOT) / "hub" / "jupyter" / "templates")]
