"""Where the numbers of workspaces' Unix users and groups begin."""

from __future__ import annotations

#: One uid for each (person, project) and one gid for each project, counted up from here and never reused.
#: The range lies above every range that distributions, `/etc/subuid` or systemd hand out
#: (systemd, "Users, Groups, UIDs and GIDs": 1879048192-2147483647 is unused).
FIRST_UID = 1_900_000_000
FIRST_GID = 2_000_000_000
