// Verifies a copy of Stint's audit log, or a receipt, without any of Stint's code and with Go's standard library alone.
//
//	go run docs/examples/verify-log/main.go -vkey VKEY DIR
//	go run docs/examples/verify-log/main.go -vkey VKEY -receipt FILE
//
// It checks the signature, that all entries together have the signed root, and that each event is the one that its entry commits to.
// docs/log-format.md describes the formats. Unlike `stint audit verify`, it does not check what the events say.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const tileWidth = 256

func main() {
	vkey := flag.String("vkey", "", "the public key of the log")
	receipt := flag.String("receipt", "", "a receipt to verify, instead of a copy of the log")
	flag.Parse()
	var err error
	switch {
	case *vkey == "" || (*receipt == "" && flag.NArg() != 1):
		flag.Usage()
		os.Exit(2)
	case *receipt != "":
		err = verifyReceipt(*receipt, *vkey)
	default:
		err = verifyLog(flag.Arg(0), *vkey)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "not verified:", err)
		os.Exit(1)
	}
}

type hash = [sha256.Size]byte

// entry is a leaf of the log. Its bytes are canonical JSON (RFC 8785).
type entry struct {
	V       int    `json:"v"`
	Request string `json:"request"`
	Seq     int    `json:"seq"`
	Type    string `json:"type"`
	Commit  string `json:"commit"`
	Prev    string `json:"prev"`
}

// held is one event with its salt: a line of an object in events/, or the content of a receipt's `extra`.
type held struct {
	Erased bool   `json:"erased"`
	Entry  string `json:"entry"`
	Event  string `json:"event"`
	Salt   string `json:"salt"`
}

func verifyLog(dir, vkey string) error {
	note, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	origin, size, root, err := openCheckpoint(string(note), vkey)
	if err != nil {
		return err
	}
	var leaves []hash
	last := map[string]entry{} // by journal
	events, erased := 0, 0
	for bundle := 0; len(leaves) < size; bundle++ {
		width := min(tileWidth, size-len(leaves))
		entries, err := readEntries(dir, bundle, width)
		if err != nil {
			return err
		}
		lines, err := readEvents(dir, bundle)
		if err != nil {
			return err
		}
		for i, raw := range entries {
			leaves = append(leaves, sha256.Sum256(append([]byte{0}, raw...)))
			var e entry
			if err := json.Unmarshal(raw, &e); err != nil || e.V != 1 {
				return fmt.Errorf("entry %d is not an entry", len(leaves)-1)
			}
			before, found := last[e.Request]
			if found != (e.Seq > 0) || (found && (e.Seq != before.Seq+1 || e.Prev != before.Commit)) {
				return fmt.Errorf("entry %d does not continue its journal %s", len(leaves)-1, e.Request)
			}
			last[e.Request] = e
			if lines == nil {
				continue
			}
			if i >= len(lines) {
				return fmt.Errorf("the event of entry %d is missing", len(leaves)-1)
			}
			if lines[i].Erased {
				erased++
				continue
			}
			if err := checkCommitment(e, lines[i]); err != nil {
				return fmt.Errorf("entry %d: %w", len(leaves)-1, err)
			}
			events++
		}
	}
	if merkleRoot(leaves) != root {
		return errors.New("the entries do not have the signed root")
	}
	fmt.Printf("verified: %d entries of %s, %d events, %d erased\n", size, origin, events, erased)
	return nil
}

// checkCommitment: the entry commits to its event by SHA-256 over salt and event.
func checkCommitment(e entry, h held) error {
	salt, err := base64.StdEncoding.Strict().DecodeString(h.Salt)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(append(salt, h.Event...))
	if hex.EncodeToString(sum[:]) != e.Commit {
		return errors.New("not the event that the entry commits to")
	}
	return nil
}

// readEntries: each entry of a bundle has its length before it, in two bytes (C2SP tlog-tiles).
func readEntries(dir string, bundle, width int) ([][]byte, error) {
	data, err := readTile(dir, "tile/entries/"+tileName(bundle), width)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(entries) < width {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("bundle %d is too short", bundle)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	return entries, nil
}

// readEvents returns nil if the copy has no events, as a copy of a public log.
func readEvents(dir string, bundle int) ([]held, error) {
	data, err := os.ReadFile(filepath.Join(dir, "events", tileName(bundle)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines := []held{}
	for _, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		var h held
		if err := json.Unmarshal(line, &h); err != nil {
			return nil, fmt.Errorf("events of bundle %d: %w", bundle, err)
		}
		lines = append(lines, h)
	}
	return lines, nil
}

// readTile: a partial object has its width in its name. The full one may have replaced it.
func readTile(dir, path string, width int) ([]byte, error) {
	if width < tileWidth {
		if data, err := os.ReadFile(filepath.Join(dir, path+".p", strconv.Itoa(width))); err == nil {
			return data, nil
		}
	}
	return os.ReadFile(filepath.Join(dir, path))
}

// tileName: 1234067 is x001/x234/067.
func tileName(index int) string {
	name := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		name = fmt.Sprintf("x%03d/%s", index%1000, name)
	}
	return name
}

// merkleRoot: RFC 6962, section 2.1.
func merkleRoot(leaves []hash) hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	half := 1 << (bits.Len(uint(len(leaves)-1)) - 1)
	return node(merkleRoot(leaves[:half]), merkleRoot(leaves[half:]))
}

func node(left, right hash) hash {
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// openCheckpoint verifies a signed note (C2SP signed-note) and parses the checkpoint in it (C2SP tlog-checkpoint).
func openCheckpoint(note, vkey string) (origin string, size int, root hash, err error) {
	name, id, key, err := parseVkey(vkey)
	if err != nil {
		return "", 0, root, err
	}
	text, signatures, found := strings.Cut(note, "\n\n")
	if !found {
		return "", 0, root, errors.New("the checkpoint is not a signed note")
	}
	text += "\n"
	signed := false
	for _, line := range strings.Split(strings.TrimSuffix(signatures, "\n"), "\n") {
		rest, isSignature := strings.CutPrefix(line, "— "+name+" ")
		data, err := base64.StdEncoding.DecodeString(rest)
		if isSignature && err == nil && len(data) == 4+ed25519.SignatureSize && bytes.Equal(data[:4], id) {
			if !ed25519.Verify(key, []byte(text), data[4:]) {
				return "", 0, root, errors.New("the signature of the checkpoint is wrong")
			}
			signed = true
		}
	}
	lines := strings.Split(text, "\n")
	if !signed || len(lines) < 4 || lines[0] != name {
		return "", 0, root, errors.New("the checkpoint is not signed by this log")
	}
	size, err = strconv.Atoi(lines[1])
	sum, decodeErr := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || decodeErr != nil || len(sum) != len(root) || size < 0 {
		return "", 0, root, errors.New("the checkpoint is malformed")
	}
	copy(root[:], sum)
	return name, size, root, nil
}

// parseVkey: NAME+ID+KEY, where ID is the start of SHA-256 over name, newline and KEY, and KEY is a type byte (1) and the key.
func parseVkey(vkey string) (name string, id []byte, key ed25519.PublicKey, err error) {
	malformed := errors.New("the vkey is malformed")
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return "", nil, nil, malformed
	}
	data, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(data) != 1+ed25519.PublicKeySize || data[0] != 1 {
		return "", nil, nil, malformed
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), data...))
	if hex.EncodeToString(sum[:4]) != parts[1] {
		return "", nil, nil, malformed
	}
	return parts[0], sum[:4], data[1:], nil
}

// verifyReceipt checks a tlog-proof (C2SP tlog-proof) whose `extra` has the entry, the event and the salt.
func verifyReceipt(file, vkey string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	proof, note, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(proof, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("this is not a receipt")
	}
	extra, extraErr := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	index, indexErr := strconv.Atoi(strings.TrimPrefix(lines[2], "index "))
	var h held
	var e entry
	if extraErr != nil || indexErr != nil || json.Unmarshal(extra, &h) != nil || json.Unmarshal([]byte(h.Entry), &e) != nil {
		return errors.New("the receipt is malformed")
	}
	if err := checkCommitment(e, h); err != nil {
		return err
	}
	origin, size, root, err := openCheckpoint(note, vkey)
	if err != nil {
		return err
	}
	var path []hash
	for _, line := range lines[3:] {
		data, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(data) != sha256.Size {
			return errors.New("the receipt is malformed")
		}
		path = append(path, hash(data))
	}
	if !included(index, size, sha256.Sum256(append([]byte{0}, h.Entry...)), path, root) {
		return errors.New("the entry is not in the log at this position")
	}
	fmt.Printf("verified: entry %d of %d in %s\n%s\n", index, size, origin, h.Event)
	return nil
}

// included: RFC 9162, section 2.1.3.2.
func included(index, size int, leaf hash, path []hash, root hash) bool {
	if index < 0 || index >= size {
		return false
	}
	at, last, sum := index, size-1, leaf
	for _, sibling := range path {
		if last == 0 {
			return false
		}
		if at&1 == 1 || at == last {
			sum = node(sibling, sum)
			for at&1 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		} else {
			sum = node(sum, sibling)
		}
		at, last = at>>1, last>>1
	}
	return last == 0 && sum == root
}
