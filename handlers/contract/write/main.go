// write puts the documents that are made of the code into docs/api. It is run in the repository's root, by `make docs`.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"orderledger/handlers/contract"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}

// write makes the files anew, and then removes schemas of what is no more: this program carries the files, and is not to
// be built again without them.
func write(root string) error {
	files, err := contract.Files(root)
	if err != nil {
		return err
	}
	folder := filepath.Join(root, filepath.FromSlash(contract.Folder))
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // folders of the repository
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // files of the repository
			return err
		}
	}
	there, err := filepath.Glob(filepath.Join(folder, "schemas", "*", "*.json"))
	if err != nil {
		return err
	}
	for _, path := range there {
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if files[filepath.ToSlash(name)] == nil {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}
