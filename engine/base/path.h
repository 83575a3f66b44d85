// path.h -- what stands at a path.
//
// Threads  any.

#pragma once

// Nothing or a plain file, which another one may replace; not a directory, a device or
// a link, which would be gone.
int weir_path_is_replaceable(const char *path);
