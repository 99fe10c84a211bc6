# Sourced by tests/run: each supported Django in a virtual environment, with the tests of its source package.
#
# `install_django` makes $djangos/VERSION (the environment) and $djangos/VERSION/source (Django's `tests/`), and
# keeps them until the requirements change; `django_tests` runs the step. A version whose Python is not
# installed is left out, and said to be.

# The oldest and the newest that are supported, and the one between that most sites run: each with the
# Pythons that it runs on.
declare -A django_pythons=([4.2]="3.8 3.12" [5.2]="3.10 3.14" [6.1]="3.12 3.14")
django_versions=(4.2 5.2 6.1)

# Prints the first Python that is neither older than $1 nor newer than $2.
python_between() {
    local python range="(${1/./, }) <= sys.version_info[:2] <= (${2/./, })"
    for python in python3 python3.{14,13,12,11,10} "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python; do
        command -v "$python" >/dev/null &&
            "$python" -c "import ensurepip, sys, venv; sys.exit(not $range)" 2>/dev/null &&
            { echo "$python"; return 0; }
    done
    return 1
}

install_django() {
    local version python folder wish=$root/tests/interop/requirements.txt log=$logs/pip.log
    for version in "${django_versions[@]}"; do
        folder=$djangos/$version
        cmp -s "$wish" "$folder/installed.txt" && "$folder/bin/python" -c 'import django' 2>/dev/null && continue
        # shellcheck disable=SC2086
        if ! python=$(python_between ${django_pythons[$version]}); then
            echo "tests/run: Django $version is left out: it needs a Python of ${django_pythons[$version]/ / to }" >&2
            continue
        fi
        echo "== installing Django $version for $("$python" --version)"
        rm -rf "$folder"
        if { "$python" -m venv "$folder" &&
            "$folder/bin/python" -m pip install --quiet "Django==$version.*" -r "$wish" &&
            django_source "$version"; } >"$log" 2>&1; then
            cp "$wish" "$folder/installed.txt"
        else
            tail -n 30 "$log"
            missing[django]="Django $version from PyPI: pip install 'Django==$version.*'"
        fi
    done
    [ -e "$djangos/5.2/installed.txt" ] || missing[django]="Django 5.2, and a Python of ${django_pythons[5.2]/ / to }"
}

# Only the source package holds the tests.
django_source() {
    local folder=$djangos/$1 installed
    installed=$("$folder/bin/python" -c 'import django; print(django.get_version())') &&
        "$folder/bin/python" -m pip download --quiet --no-deps --no-binary Django --dest "$folder/package" \
            "Django==$installed" &&
        mkdir -p "$folder/source" &&
        tar -xzf "$folder"/package/[Dd]jango-*.tar.gz -C "$folder/source" --strip-components=2 --wildcards \
            '*/tests/sessions_tests/*'
}

# Django's own tests and the light ones run beside each other: most of the time each waits. The tests of many
# requests at once have the machine for themselves.
django_tests() {
    local program=$target/debug code=0
    each_django tests/interop/django_suite/run.py --program "$program/session_bridge" --source || code=1
    # The other versions differ from 5.2 in their tables, data and users alone.
    django_except=5.2 each_django tests/interop/run.py --light --engines db-sqlite,db-postgresql \
        --program "$program/interop_app" || code=1
    "$djangos/5.2/bin/python" tests/interop/run.py --program "$program/interop_app" || code=1
    return "$code"
}

# Runs a program with each Django at once, and prints what they said one after the other. An option at the
# end, `--source`, is given its value.
each_django() {
    local version job code=0 jobs=() folder=$logs/django-logs
    local arguments=("$@")
    rm -rf "$folder"
    mkdir -p "$folder"
    for version in "${django_versions[@]}"; do
        [ "$version" = "${django_except:-}" ] && continue
        [ -e "$djangos/$version/installed.txt" ] || { echo "Django $version: left out"; continue; }
        [ "${!#}" = --source ] && arguments=("$@" "$djangos/$version/source")
        "$djangos/$version/bin/python" "${arguments[@]}" >"$folder/$version.log" 2>&1 &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || code=1; done
    cat "$folder"/*.log
    return "$code"
}
