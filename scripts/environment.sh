# Sourced by the other scripts: says what the machine lacks (or installs it, as root on Debian),
# makes .venv from the lock files, and sets ROOT and PYTHON. Writes to standard error only.

ROOT=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
PYTHON="$ROOT/.venv/bin/python"

fl_python() { # the first Python that is new enough
    for candidate in ${FORECASTLAB_PYTHON:-python3 python3.11 python3.12}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

fl_missing() { # Debian's names of what is not there
    base=$(fl_python)
    if [ -z "$base" ]; then
        echo python3
        base=:
    fi
    "$base" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    [ "$base" = : ] && echo python3-venv
    "$base" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || echo libgomp1
    [ "$base" = : ] && echo libgomp1
    [ -e /etc/ssl/certs/ca-certificates.crt ] || [ -n "${SSL_CERT_FILE:-}" ] || echo ca-certificates
    for package in "$@"; do
        case $package in
            chromium) command -v chromium >/dev/null 2>&1 || echo chromium ;;
            git) command -v git >/dev/null 2>&1 || echo git ;;
        esac
    done
}

fl_require() { # fl_require [package ...]: have the packages, or say once what is missing
    missing=$(fl_missing "$@" | sort -u | tr '\n' ' ')
    [ -z "$missing" ] && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing what the system lacks: $missing" >&2
        # shellcheck disable=SC2086
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
            --no-install-recommends $missing; } >&2 || exit 2
        missing=$(fl_missing "$@" | sort -u | tr '\n' ' ')
        [ -z "$missing" ] && return
    fi
    echo "ForecastLab needs packages that this system lacks: $missing" >&2
    case $missing in
        *"python3 "*) echo "python3 means Python 3.11 or newer (or name one in FORECASTLAB_PYTHON)." >&2 ;;
    esac
    echo "On Debian: apt-get install $missing (as root), then start this again." >&2
    exit 2
}

fl_require_redis() { # the embedded Redis has no wheel for Python 3.13 and later
    [ -n "${REDIS_URL:-}" ] && return
    command -v redis-server >/dev/null 2>&1 && return
    "$(fl_python)" -c 'import sys; sys.exit(sys.version_info >= (3, 13))' && return
    echo "On Python 3.13 and later there is no embedded Redis: install redis-server," >&2
    echo "or set REDIS_URL to a running one (redis://:PASSWORD@HOST:6379/0)." >&2
    exit 2
}

fl_environment() { # fl_environment [--tests]
    "$(fl_python)" "$ROOT/scripts/install.py" "$@" || exit 2
}
