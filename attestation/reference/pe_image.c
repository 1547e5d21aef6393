#include "attestation/reference/pe_image.h"

#include "base/hash.h"

enum {
    HEADER_PLACE = 0x3c, /* in the DOS header */
    COFF_LEN = 24,       /* with the signature "PE\0\0" before it */
    CHECKSUM = 64,       /* in the optional header */
    CHECKSUM_LEN = 4,
    HEADERS_LEN = 60,
    DIRECTORIES_32 = 96,
    DIRECTORIES_64 = 112,
    MAGIC_32 = 0x10b,
    MAGIC_64 = 0x20b,
    CERTIFICATES = 4, /* index of the directory */
    DIRECTORY_LEN = 8,
    SECTION_LEN = 40,
    PARTS_MAX = 4 + RPL_PE_SECTIONS_MAX,
};

typedef struct {
    size_t offset, len;
} part;

typedef struct {
    size_t optional, optional_len, directories;
    uint32_t headers_len, n_directories, certificates_at, certificates_len;
    uint16_t n_sections;
    size_t n_parts;
    part parts[RPL_PE_SECTIONS_MAX]; /* sections with bytes, by their place in the file */
} layout;

static rpl_reader reader_at(rpl_bytes image, size_t at)
{
    rpl_reader r = {.at = at};
    if (at < image.len)
        r.rest = rpl_bytes_of(image.data + at, image.len - at);
    return r;
}

static bool u16_at(rpl_bytes image, size_t at, uint16_t *out)
{
    rpl_reader r = reader_at(image, at);
    return rpl_read_u16le(&r, out);
}

static bool u32_at(rpl_bytes image, size_t at, uint32_t *out)
{
    rpl_reader r = reader_at(image, at);
    return rpl_read_u32le(&r, out);
}

static rpl_status malformed(size_t at, const char *what)
{
    return (rpl_status){.code = RPL_MALFORMED, .at = (uint32_t)at, .what = what};
}

static rpl_status read_coff(rpl_bytes image, layout *l)
{
    uint32_t at, signature;
    uint16_t dos, optional_len;

    if (!u16_at(image, 0, &dos) || dos != 0x5a4d || !u32_at(image, HEADER_PLACE, &at))
        return malformed(0, "kernel: no DOS header \"MZ\": not an EFI image");
    if (!u32_at(image, at, &signature) || signature != 0x4550 ||
        !u16_at(image, (size_t)at + 6, &l->n_sections) ||
        !u16_at(image, (size_t)at + 20, &optional_len))
        return malformed(at, "kernel: no PE header");
    if (l->n_sections > RPL_PE_SECTIONS_MAX)
        return rpl_fail(RPL_TOO_LARGE, "kernel: more than 96 PE sections");
    l->optional = (size_t)at + COFF_LEN;
    l->optional_len = optional_len;
    return rpl_ok();
}

static rpl_status read_optional(rpl_bytes image, layout *l)
{
    uint16_t magic;

    if (!u16_at(image, l->optional, &magic) || (magic != MAGIC_32 && magic != MAGIC_64))
        return malformed(l->optional, "kernel: the PE header is neither PE32 nor PE32+");
    const size_t place = magic == MAGIC_64 ? DIRECTORIES_64 : DIRECTORIES_32;
    l->directories = l->optional + place;
    if (l->optional_len < place || !u32_at(image, l->optional + HEADERS_LEN, &l->headers_len) ||
        !u32_at(image, l->directories - 4, &l->n_directories))
        return malformed(l->optional, "kernel: the PE header is cut off");
    const size_t end = l->directories + (l->n_directories > CERTIFICATES ? 5 * DIRECTORY_LEN : 0);
    if (l->headers_len > image.len || l->headers_len < end)
        return malformed(l->optional + HEADERS_LEN,
                         "kernel: SizeOfHeaders is not the headers' size");
    const size_t entry = l->directories + CERTIFICATES * DIRECTORY_LEN;
    if (l->n_directories > CERTIFICATES && (!u32_at(image, entry, &l->certificates_at) ||
                                            !u32_at(image, entry + 4, &l->certificates_len)))
        return malformed(entry, "kernel: the PE header is cut off");
    if (l->certificates_len > 0 &&
        (l->certificates_at > image.len || l->certificates_len != image.len - l->certificates_at))
        return malformed(entry, "kernel: the certificates are not at the end of the image");
    return rpl_ok();
}

static void insert_sorted(layout *l, part section)
{
    size_t at = l->n_parts++;
    for (; at > 0 && l->parts[at - 1].offset > section.offset; at--)
        l->parts[at] = l->parts[at - 1];
    l->parts[at] = section;
}

static rpl_status read_sections(rpl_bytes image, layout *l)
{
    const size_t table = l->optional + l->optional_len;

    for (size_t i = 0; i < l->n_sections; i++) {
        const size_t at = table + i * SECTION_LEN;
        uint32_t len, offset;
        if (!u32_at(image, at + 16, &len) || !u32_at(image, at + 20, &offset))
            return malformed(at, "kernel: the table of PE sections is cut off");
        if (len == 0)
            continue;
        if (offset < l->headers_len || offset > image.len || len > image.len - offset)
            return malformed(at, "kernel: a PE section is not between the headers and the end");
        insert_sorted(l, (part){offset, len});
    }
    return rpl_ok();
}

static void add_range(rpl_bytes *parts, size_t *n, rpl_bytes image, size_t from, size_t to)
{
    parts[(*n)++] = rpl_bytes_of(image.data + from, to - from);
}

/* What stands behind as many bytes as were hashed, up to the certificates. */
static rpl_status find_tail(rpl_bytes image, const layout *l, part *tail)
{
    size_t hashed = l->headers_len;
    for (size_t i = 0; i < l->n_parts; i++)
        hashed += l->parts[i].len;
    *tail = (part){0};
    if (image.len <= hashed)
        return rpl_ok();
    if (l->certificates_len > image.len - hashed)
        return malformed(l->directories,
                         "kernel: certificates longer than what is behind the sections");
    *tail = (part){hashed, image.len - hashed - l->certificates_len};
    return rpl_ok();
}

rpl_status rpl_pe_image_digest(rpl_bytes image, uint8_t digest[static 48])
{
    rpl_bytes parts[PARTS_MAX];
    layout l = {0};
    size_t n = 0;
    part tail;

    RPL_TRY(read_coff(image, &l));
    RPL_TRY(read_optional(image, &l));
    RPL_TRY(read_sections(image, &l));
    RPL_TRY(find_tail(image, &l, &tail));
    const size_t checksum = l.optional + CHECKSUM;
    const size_t place = l.directories + CERTIFICATES * DIRECTORY_LEN;
    add_range(parts, &n, image, 0, checksum);
    if (l.n_directories > CERTIFICATES) {
        add_range(parts, &n, image, checksum + CHECKSUM_LEN, place);
        add_range(parts, &n, image, place + DIRECTORY_LEN, l.headers_len);
    } else {
        add_range(parts, &n, image, checksum + CHECKSUM_LEN, l.headers_len);
    }
    for (size_t i = 0; i < l.n_parts; i++)
        add_range(parts, &n, image, l.parts[i].offset, l.parts[i].offset + l.parts[i].len);
    add_range(parts, &n, image, tail.offset, tail.offset + tail.len);
    rpl_sha384_parts(parts, n, digest);
    return rpl_ok();
}
