package unpack

import (
	"archive/tar"
	"archive/zip"
	"io"
	"os"
	"path/filepath"
)

func unzip(r *zip.Reader, folder string) error {
	for _, f := range r.File {
		path := filepath.Join(folder, f.Name)
		if f.FileInfo().IsDir() {
			os.MkdirAll(path, 0o755) // want "leads out of the folder"
			continue
		}
		out, err := os.Create(path) // want "leads out of the folder"
		if err != nil {
			return err
		}
		in, err := f.Open()
		if err != nil {
			return err
		}
		io.Copy(out, in)
	}
	return nil
}

func untar(r *tar.Reader, folder string) error {
	for {
		h, err := r.Next()
		if err != nil {
			return err
		}
		if err := save(filepath.Join(folder, h.Name), r); err != nil {
			return err
		}
	}
}

func save(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644) // want "leads out of the folder"
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return err
}
