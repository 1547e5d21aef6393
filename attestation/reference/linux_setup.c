#include "attestation/reference/linux_setup.h"

#include "attestation/reference/td_hob.h"
#include "base/writer.h"

enum {
    KERNEL_MIN = 0x1000,
    MAGIC = 0x202, /* "HdrS", then u16 protocol */
    LOADER_TYPE = 0x210,
    LOAD_FLAGS = 0x211,
    INITRD_ADDRESS = 0x218, /* u32, then u32 size */
    HEAP_END = 0x224,
    COMMAND_LINE = 0x228,
    INITRD_MAX = 0x22c,
    XLOAD_FLAGS = 0x236,
    LOADED_HIGH = 1,
    CAN_USE_HEAP = 0x80,
    ABOVE_4G = 2,
    QEMU = 0xb0,
    REAL_ADDRESS = 0x10000,
    COMMAND_LINE_ADDRESS = 0x20000,
    ACPI_DATA = 0x28000, /* what QEMU keeps free below the end of low memory */
    PAGE = 4096,
};

typedef struct {
    uint16_t protocol, xload_flags;
    uint8_t load_flags;
    uint32_t initrd_max;
} header;

static bool read_header(rpl_bytes kernel, header *h)
{
    rpl_bytes magic, skipped;
    rpl_reader r = rpl_reader_over(kernel);

    return kernel.len >= KERNEL_MIN && rpl_read_bytes(&r, MAGIC, &skipped) &&
           rpl_read_bytes(&r, 4, &magic) && rpl_bytes_equal(magic, rpl_bytes_of_text("HdrS")) &&
           rpl_read_u16le(&r, &h->protocol) && rpl_read_bytes(&r, LOAD_FLAGS - 0x208, &skipped) &&
           rpl_read_u8(&r, &h->load_flags) &&
           rpl_read_bytes(&r, INITRD_MAX - LOAD_FLAGS - 1, &skipped) &&
           rpl_read_u32le(&r, &h->initrd_max) &&
           rpl_read_bytes(&r, XLOAD_FLAGS - INITRD_MAX - 4, &skipped) &&
           rpl_read_u16le(&r, &h->xload_flags) && h->protocol >= 0x203 &&
           (h->load_flags & LOADED_HIGH);
}

static bool place_initrd(const header *h, uint64_t initrd_len, uint64_t memory, uint32_t *address)
{
    const bool is_above = h->protocol >= 0x20c && (h->xload_flags & ABOVE_4G);
    const uint64_t low = memory < RPL_MEMORY_SPLIT ? memory : UINT64_C(0x80000000);
    uint64_t max = is_above ? UINT32_MAX : h->initrd_max;

    if (low <= ACPI_DATA)
        return false;
    if (max >= low - ACPI_DATA)
        max = low - ACPI_DATA - 1;
    if (initrd_len == 0 || initrd_len >= max)
        return false;
    *address = (uint32_t)((max - initrd_len) & ~(uint64_t)(PAGE - 1));
    return true;
}

static void put_u32(uint8_t *at, uint32_t value)
{
    rpl_writer w = rpl_writer_over(at, sizeof(value));
    rpl_write_u32le(&w, value);
}

rpl_status rpl_linux_setup_patch(uint8_t *kernel, size_t len, uint64_t initrd_len, uint64_t memory)
{
    header h;
    uint32_t address;

    if (!read_header(rpl_bytes_of(kernel, len), &h))
        return rpl_fail(RPL_MALFORMED,
                        "kernel: not a bzImage of Linux boot protocol 2.03 or later");
    if (!place_initrd(&h, initrd_len, memory, &address))
        return rpl_fail(RPL_MALFORMED, "initrd: empty, or it does not fit into that memory");
    const uint32_t heap_end = COMMAND_LINE_ADDRESS - REAL_ADDRESS - 0x200;
    kernel[LOADER_TYPE] = QEMU;
    kernel[LOAD_FLAGS] |= CAN_USE_HEAP;
    kernel[HEAP_END] = (uint8_t)heap_end;
    kernel[HEAP_END + 1] = (uint8_t)(heap_end >> 8);
    put_u32(kernel + COMMAND_LINE, COMMAND_LINE_ADDRESS);
    put_u32(kernel + INITRD_ADDRESS, address);
    put_u32(kernel + INITRD_ADDRESS + 4, (uint32_t)initrd_len);
    return rpl_ok();
}
