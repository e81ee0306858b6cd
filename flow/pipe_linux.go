package flow

import (
	"os"

	"golang.org/x/sys/unix"
)

// enlargePipe asks for a pipe of 1 MiB: with the usual 64 KiB the two ends
// wake each other for every few hundred rows. A refusal does no harm.
func enlargePipe(f *os.File) {
	_, _ = unix.FcntlInt(f.Fd(), unix.F_SETPIPE_SZ, 1<<20)
}
