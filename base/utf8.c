#include "base/utf8.h"

static bool is_tail(rpl_bytes text, size_t at, uint8_t low, uint8_t high)
{
    return at < text.len && text.data[at] >= low && text.data[at] <= high;
}

static size_t three(rpl_bytes text, uint8_t lead)
{
    const uint8_t low = lead == 0xe0 ? 0xa0 : 0x80, high = lead == 0xed ? 0x9f : 0xbf;
    return is_tail(text, 1, low, high) && is_tail(text, 2, 0x80, 0xbf) ? 3 : 0;
}

static size_t four(rpl_bytes text, uint8_t lead)
{
    const uint8_t low = lead == 0xf0 ? 0x90 : 0x80, high = lead == 0xf4 ? 0x8f : 0xbf;
    return is_tail(text, 1, low, high) && is_tail(text, 2, 0x80, 0xbf) &&
                   is_tail(text, 3, 0x80, 0xbf)
               ? 4
               : 0;
}

size_t rpl_utf8_step(rpl_bytes text)
{
    if (text.len == 0)
        return 0;
    const uint8_t lead = text.data[0];
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return is_tail(text, 1, 0x80, 0xbf) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef)
        return three(text, lead);
    return lead >= 0xf0 && lead <= 0xf4 ? four(text, lead) : 0;
}

bool rpl_utf8_ok(rpl_bytes text)
{
    while (text.len) {
        const size_t len = rpl_utf8_step(text);
        if (len == 0)
            return false;
        text = rpl_bytes_of(text.data + len, text.len - len);
    }
    return true;
}
