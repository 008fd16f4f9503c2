# Sourced by `run` and `pictures`, from the top of the repository: makes $scripts (with what they need of npm), and serves a demonstration
# of the program "$1", or of a debug build, at $url with its accounts in $folder/accounts.json, until the script ends. Ends the script with
# code 77 where there is no browser or no package index.
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$CHROMIUM" ] || ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "skipped: needs chromium, node and npm"
  exit 77
fi
export CHROMIUM
scripts=$target/interop/browser
mkdir -p "$scripts"
cp tests/browser/package.json tests/browser/*.mjs "$scripts"
if [ ! -d "$scripts/node_modules/playwright-core" ] || ! cmp -s tests/browser/package.json "$scripts/installed"; then
  if ! (cd "$scripts" && npm install --no-audit --no-fund --silent >"$scripts/npm.log" 2>&1); then
    tail -n 3 "$scripts/npm.log"
    echo "skipped: the packages of tests/browser/package.json cannot be installed"
    exit 77
  fi
  cp tests/browser/package.json "$scripts/installed"
fi

if [ $# -gt 0 ]; then program=$1; else
  cargo build --quiet --bin driftledger
  program=$target/debug/driftledger
fi
folder=$(mktemp -d)
"$program" demo --data "$folder/data" --listen 127.0.0.1:0 --json >"$folder/said" 2>"$folder/err" &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 300); do
  if [ -s "$folder/said" ]; then break; fi
  sleep 0.2
done
read -r url < <(node -p 'const said = JSON.parse(require("fs").readFileSync(0, "utf8").split("\n")[0]); require("fs").writeFileSync(process.argv[1], JSON.stringify(said.accounts)); said.url.replace(/\/$/, "")' "$folder/accounts.json" <"$folder/said") || {
  cat "$folder/err" >&2
  exit 1
}
