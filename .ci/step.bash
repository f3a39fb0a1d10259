# Steps with a time limit, a heading and a line in a table at the end. Sourced by tests/run and .ci/run.
# It decides nothing about what a step does; it makes sure that each one ends and that its time is known.

step_rows=()
step_pid=

# step NAME LIMIT COMMAND...: runs a command, at most LIMIT seconds; the first that fails ends the script.
step() {
    local name=$1 limit=$2 began=$SECONDS code=0
    shift 2
    printf '\n== %s: %s\n' "$name" "$*"
    # In the background, so that a signal reaches the traps at once; timeout gives it a process group of its own.
    timeout --kill-after=20 "$limit" "$@" </dev/null &
    step_pid=$!
    wait "$step_pid" || code=$?
    step_pid=
    case $code in
        0) step_rows+=("$(printf '%-12s ok      %5d s' "$name" $((SECONDS - began)))") ;;
        124 | 137) step_fail "$name" "$began" "was ended after $limit s, its time limit" ;;
        *) step_fail "$name" "$began" "failed with exit code $code" ;;
    esac
}

step_fail() {
    step_rows+=("$(printf '%-12s FAILED  %5d s' "$1" $((SECONDS - $2)))")
    printf '\n%s %s\n' "$1" "$3" >&2
    exit 1
}

step_summary() {
    local code=$?
    trap - EXIT
    if ((${#step_rows[@]})); then
        printf '\n'
        printf '%s\n' "${step_rows[@]}"
        printf '%-12s %-6s  %5d s\n' together "$( ((code == 0)) && echo ok || echo FAILED)" "$SECONDS"
    fi
    exit "$code"
}

step_stop() {
    [[ -z $step_pid ]] || kill -TERM "$step_pid" 2>/dev/null || true
    exit "$1"
}

trap step_summary EXIT
trap 'step_stop 130' INT
trap 'step_stop 143' TERM
