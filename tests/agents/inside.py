"""What runs in the network namespace of one session: the scripted model, and the agent that talks to it.

The job comes as JSON on standard input, and what came of it goes as JSON to standard output.
"""

import json
import os
import signal
import subprocess
import sys
from threading import Thread

from agents.dialect import Json
from agents.model import ScriptedModel


def main() -> None:
    job: Json = json.load(sys.stdin)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with ScriptedModel(job["steps"]) as model:
        Thread(target=model.serve_forever, daemon=True).start()
        outcome = _run(job)
        model.shutdown()
    json.dump({**outcome, "requests": model.requests}, sys.stdout)


def _run(job: Json) -> Json:
    agent = subprocess.Popen(
        job["command"],
        cwd=job["directory"],
        env=job["environment"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = agent.communicate(timeout=job["seconds"])
    except subprocess.TimeoutExpired:
        os.killpg(agent.pid, signal.SIGKILL)
        said, _ = agent.communicate()
        said += f"\nkilled after {job['seconds']} s"
    return {"exit_code": agent.returncode, "said": said}


if __name__ == "__main__":
    main()
