"""Make or refresh the environment in .venv from the lock files; used by the other scripts.

Runs under the machine's own Python, so it needs nothing but the standard library.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# What pip is told about indexes and certificates, in the words of uv, which reads none of it.
FOR_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}


def locks(*, tests: bool) -> list[Path]:
    names = ["requirements.lock", *(["requirements-test.lock"] if tests else [])]
    return [ROOT / name for name in names]


def fingerprint(*, tests: bool) -> str:
    digest = hashlib.sha256(sys.version.encode() + str(ROOT).encode())
    for lock in locks(tests=tests):
        digest.update(lock.read_bytes())
    return digest.hexdigest()


def is_current(*, tests: bool) -> bool:
    """Whether the last installation did what the locks say; one for tests is enough for both."""
    kinds = {tests, True}
    return PYTHON.exists() and any(
        stamp(tests=kind).exists() and stamp(tests=kind).read_text() == fingerprint(tests=kind)
        for kind in kinds
    )


def stamp(*, tests: bool) -> Path:
    return VENV / f".installed{'-tests' if tests else ''}"


def install(*, tests: bool) -> None:
    say("Installing the packages of the lock files (once; a minute or two) ...")
    if not PYTHON.exists() or not runs(str(PYTHON), "-m", "pip", "--version"):
        run(sys.executable, "-m", "venv", "--clear", str(VENV))
    pip = [str(PYTHON), "-m", "pip", "-qq", "--disable-pip-version-check"]
    wanted = [part for lock in locks(tests=tests) for part in ("-r", str(lock))]
    run(*pip, "install", "--require-hashes", "-r", str(ROOT / "requirements-uv.lock"))
    quick = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(PYTHON)]
    # As pip does, look at all indexes for a version; the hashes decide what is acceptable.
    quick += ["--index-strategy", "unsafe-best-match", "--require-hashes"]
    if run_quick([*quick, *wanted]):
        say("uv could not install them; pip tries, which takes longer ...")
        run(*pip, "install", "--require-hashes", *wanted)
    compile_functions()
    stamp(tests=tests).write_text(fingerprint(tests=tests))


def compile_functions() -> None:
    """Compile what would else be compiled where it is first needed; then it still would be."""
    say("Compiling what forecasts are made with (once; a quarter of a minute) ...")
    program = "from forecastlab.lib.compiled import compile_all; compile_all('{}')"
    program = program.format("forecastlab.forecasting.domain")
    subprocess.run([str(PYTHON), "-c", program], cwd=ROOT, check=False)


def run_quick(command: list[str]) -> int:
    """Run uv with pip's settings; its complaint matters only if pip fails as well."""
    done = subprocess.run(command, env=uv_environment(), stdout=sys.stderr, check=False)
    return done.returncode


def uv_environment() -> dict[str, str]:
    environment = dict(os.environ)
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        name = FOR_UV.get(key.rpartition(".")[2])
        if name and name not in os.environ:
            environment[name] = " ".join(value.strip("'").replace("\\n", " ").split())
    # The machine's certificates, as pip uses them, not the ones that uv brings along.
    environment.setdefault("UV_SYSTEM_CERTS", "1")
    environment.setdefault("UV_NATIVE_TLS", "1")
    return environment


def run(*command: str) -> None:
    done = subprocess.run(command, stdout=sys.stderr, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ... failed; what it says stands above.")


def runs(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="with the packages of the tests")
    tests = parser.parse_args().tests
    if is_current(tests=tests):
        return
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two starts at once: the second finds it done
        if not is_current(tests=tests):
            install(tests=tests)


if __name__ == "__main__":
    main()
