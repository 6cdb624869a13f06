import os
import subprocess
import sys
from pathlib import Path

from hub.scratch import make_scratch, sweep_scratch


def test_what_a_killed_process_left_is_removed_and_the_living_keep_theirs(tmp_path: Path) -> None:
    mine = make_scratch(tmp_path)
    (mine / "spill").write_text("x")
    code = (
        "import os, signal, sys; from pathlib import Path; from hub.scratch import make_scratch; "
        "(make_scratch(Path(sys.argv[1])) / 'spill').write_text('x'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=Path.cwd(), env={**os.environ, "PYTHONPATH": "."})
    (tmp_path / "stray").write_text("x")
    assert len(list(tmp_path.iterdir())) == 3
    sweep_scratch(tmp_path)
    assert list(tmp_path.iterdir()) == [mine]
    assert (mine / "spill").exists()


def test_the_same_process_gets_the_same_closed_folder(tmp_path: Path) -> None:
    assert make_scratch(tmp_path) == make_scratch(tmp_path)
    assert make_scratch(tmp_path).stat().st_mode & 0o777 == 0o700
