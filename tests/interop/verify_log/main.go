// Reads the ledger of a running server as C2SP tlog-tiles and verifies it with golang.org/x/mod/sumdb/note and
// sumdb/tlog, which are the reference for these formats and share no code with the server.
//
//	verify_log URL                              prints the checkpoint
//	verify_log URL VKEY[,VKEY] OLD_CHECKPOINT_FILE
//	                                            verifies (a token in DRIFTLEDGER_TOKEN in both cases)
//
// It opens both checkpoints with the key (or one of two, of a ledger that got another key), reads tiles through tlog.TileHashReader (which authenticates every tile against
// the signed root), verifies inclusion of every entry of every entry bundle, and that the older checkpoint is a prefix of the
// newer one. Last line: what was verified. Exit code 1 at the first thing that does not hold.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height, width = 8, 256

type site struct {
	url, token string
	tiles      int
}

func (s *site) get(path string) ([]byte, error) {
	request, err := http.NewRequest("GET", s.url+"/log/"+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err == nil && response.StatusCode != 200 {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return body, err
}

// place is the address of piece n, as both specifications write it: x001/x234/067.
func place(n int64, w int) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	if w != width {
		text += ".p/" + strconv.Itoa(w)
	}
	return text
}

func (s *site) Height() int { return height }

func (s *site) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := s.get(fmt.Sprintf("tile/%d/%s", tile.L, place(tile.N, tile.W)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (s *site) SaveTiles(tiles []tlog.Tile, _ [][]byte) { s.tiles += len(tiles) }

func open(text []byte, verifiers []note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(verifiers...))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != opened.Sigs[0].Name || lines[3] != "" {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint of %s: %q", opened.Sigs[0].Name, opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func (s *site) entries(tree tlog.Tree) ([][]byte, error) {
	var entries [][]byte
	for n := int64(0); n*width < tree.N; n++ {
		w := width
		if rest := tree.N - n*width; rest < width {
			w = int(rest)
		}
		bundle, err := s.get("tile/entries/" + place(n, w))
		if err != nil {
			return nil, err
		}
		for i := 0; i < w; i++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("entry bundle %d ends early", n)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			entries, bundle = append(entries, bundle[2:end]), bundle[end:]
		}
		if len(bundle) != 0 {
			return nil, fmt.Errorf("entry bundle %d is too long", n)
		}
	}
	return entries, nil
}

func verify(s *site, vkeys, oldFile string) (string, error) {
	var verifiers []note.Verifier
	for _, vkey := range strings.Split(vkeys, ",") {
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			return "", err
		}
		verifiers = append(verifiers, verifier)
	}
	oldText, err := os.ReadFile(oldFile)
	if err != nil {
		return "", err
	}
	old, err := open(oldText, verifiers)
	if err != nil {
		return "", fmt.Errorf("old checkpoint: %w", err)
	}
	newText, err := s.get("checkpoint")
	if err != nil {
		return "", err
	}
	tree, err := open(newText, verifiers)
	if err != nil {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	reader := tlog.TileHashReader(tree, s)
	entries, err := s.entries(tree)
	if err != nil {
		return "", err
	}
	for i, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(i), reader)
		if err != nil {
			return "", err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), tlog.RecordHash(entry)); err != nil {
			return "", fmt.Errorf("entry %d: %w", i, err)
		}
	}
	proof, err := tlog.ProveTree(tree.N, old.N, reader)
	if err != nil {
		return "", err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return "", fmt.Errorf("checkpoints of %d and %d entries: %w", old.N, tree.N, err)
	}
	return fmt.Sprintf("%d entries included, %d is a prefix of %d, %d tiles read", len(entries), old.N, tree.N, s.tiles), nil
}

func run() (string, error) {
	if len(os.Args) != 2 && len(os.Args) != 4 {
		return "", fmt.Errorf("usage: verify_log URL [VKEY[,VKEY] OLD_CHECKPOINT_FILE]")
	}
	server := &site{url: os.Args[1], token: os.Getenv("DRIFTLEDGER_TOKEN")}
	if len(os.Args) == 2 {
		text, err := server.get("checkpoint")
		return string(text), err
	}
	said, err := verify(server, os.Args[2], os.Args[3])
	return said + "\n", err
}

func main() {
	said, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(said)
}
