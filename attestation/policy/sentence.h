/* sentence.h - texts of findings, put together from parts. Cut to fit, never longer than a finding.
 */
#ifndef RPL_ATTESTATION_POLICY_SENTENCE_H
#define RPL_ATTESTATION_POLICY_SENTENCE_H

typedef struct {
    char text[240];
} rpl_sentence;

/* The parts one behind the other; the last is NULL. The result is s->text. */
const char *rpl_sentence_say(rpl_sentence *s, const char *const *parts);

#define RPL_SAY(s, ...) rpl_sentence_say((s), (const char *const[]){__VA_ARGS__, NULL})

#endif
