// runtime.h -- the directory where the sockets of this user's runs are found.
//
// $XDG_RUNTIME_DIR/weir; without that, as in a service or a container,
// /run/user/UID/weir (of root: /run/weir), and where no such place is, /tmp/weir-UID.
// What others could have put there is not used: the directory belongs to this user and
// nobody else can enter it. See the XDG Base Directory Specification.
//
// Threads  any.
// Errors   -errno, EPERM for a directory that is not ours alone.

#pragma once

#include <stddef.h>

// The path of the directory, which must fit. make: it is made if it is not there.
int weir_runtime_directory(char *path, size_t size, int make);
