package unpack

import (
	"archive/tar"
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func unzip(r *zip.Reader, folder string) error {
	for _, f := range r.File {
		if !filepath.IsLocal(f.Name) {
			return errors.New("no")
		}
		os.Create(filepath.Join(folder, f.Name))
	}
	return nil
}

func prefixed(r *zip.Reader, folder string) error {
	for _, f := range r.File {
		path := filepath.Join(folder, f.Name)
		if !strings.HasPrefix(path, filepath.Clean(folder)+string(os.PathSeparator)) {
			return fmt.Errorf("%s leads out", path)
		}
		os.MkdirAll(path, 0o755)
	}
	return nil
}

func rooted(r *tar.Reader, root *os.Root) error {
	h, err := r.Next()
	if err != nil {
		return err
	}
	_, err = root.Create(h.Name)
	os.WriteFile(filepath.Base(h.Name), nil, 0o644)
	return err
}
