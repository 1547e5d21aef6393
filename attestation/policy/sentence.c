#include "attestation/policy/sentence.h"

#include "base/writer.h"

const char *rpl_sentence_say(rpl_sentence *s, const char *const *parts)
{
    rpl_writer w = rpl_writer_over(s->text, sizeof(s->text) - 1);

    *s = (rpl_sentence){{0}};
    for (; *parts; parts++)
        rpl_write_text(&w, *parts);
    return s->text;
}
