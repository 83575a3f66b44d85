// json_masks.c -- the kernel for any CPU, and the choice among all.

#include "engine/data/json_masks.h"

#include "engine/base/err.h"
#include "engine/data/json.h"

static weir_json_masks masks_of(const char *block)
{
  weir_json_masks masks = {0};
  for (int i = 0; i < WEIR_JSON_BLOCK; i++) {
    unsigned char byte = (unsigned char)block[i];
    uint64_t bit = (uint64_t)1 << i;
    masks.quotes |= byte == '"' ? bit : 0;
    masks.backslashes |= byte == '\\' ? bit : 0;
    masks.colons |= byte == ':' ? bit : 0;
    masks.newlines |= byte == '\n' ? bit : 0;
    // The pairs [ { and ] } differ in one bit.
    masks.brackets |= (byte | 0x20) == '{' || (byte | 0x20) == '}' ? bit : 0;
    masks.high |= byte >= 0x80 ? bit : 0;
  }
  return masks;
}

void weir_json_masks_scalar(const char *bytes, size_t block_count, weir_json_masks *out)
{
  for (size_t i = 0; i < block_count; i++)
    out[i] = masks_of(bytes + i * WEIR_JSON_BLOCK);
}

static weir_json_masks_fn *const kernels[] = {
    [WEIR_JSON_SCALAR] = weir_json_masks_scalar,
    [WEIR_JSON_SSE2] = weir_json_masks_sse2,
    [WEIR_JSON_AVX2] = weir_json_masks_avx2,
};

static const char *const names[] = {
    [WEIR_JSON_SCALAR] = "scalar",
    [WEIR_JSON_SSE2] = "sse2",
    [WEIR_JSON_AVX2] = "avx2",
};

static enum weir_json_kernel chosen;

int weir_json_use_kernel(enum weir_json_kernel kernel)
{
  int avx2 = weir_json_masks_has_avx2();
  if (kernel == WEIR_JSON_BEST)
    kernel = avx2 ? WEIR_JSON_AVX2 : WEIR_JSON_SSE2;
  if (kernel > WEIR_JSON_AVX2 || (kernel == WEIR_JSON_AVX2 && !avx2))
    return WEIR_EINVAL;
  chosen = kernel;
  return WEIR_OK;
}

// Before main, so that no thread can see it change.
__attribute__((constructor)) static void choose(void)
{
  weir_json_use_kernel(WEIR_JSON_BEST);
}

weir_json_masks_fn *weir_json_masks_now(void) { return kernels[chosen]; }

int weir_json_masks_wide(void) { return chosen == WEIR_JSON_AVX2; }

const char *weir_json_kernel_name(void) { return names[chosen]; }
