#include "attestation/tdx/svn_levels.h"

#include <stdio.h>

#include "attestation/tdx/calendar.h"

enum {
    DATE_LEN = 10,
    STATUSES = 1u << RPL_TCB_UP_TO_DATE | 1u << RPL_TCB_OUT_OF_DATE | 1u << RPL_TCB_REVOKED,
};

void rpl_level_text(rpl_tcb_status status, int64_t date, char out[static RPL_LEVEL_TEXT_SIZE])
{
    char day[RPL_TIME_TEXT_SIZE];
    rpl_time_text(date, day);
    snprintf(out, RPL_LEVEL_TEXT_SIZE, "%s of %.*s", rpl_tcb_status_name(status), DATE_LEN, day);
}

static rpl_svn_level read_level(rpl_document_reader *r, const json_t *object, uint16_t svn_max)
{
    rpl_svn_level level = {0};
    const json_t *tcb = rpl_document_object(r, object, "tcb");
    if (tcb)
        level.isv_svn = (uint16_t)rpl_document_uint(r, tcb, "isvsvn", svn_max);
    level.date = rpl_document_date(r, object, "tcbDate");
    level.status = rpl_document_status(r, object, STATUSES);
    level.advisories = rpl_document_advisories(r, object);
    return level;
}

/* By insertion: lists are short, sorted already, and equal versions keep their order. */
static void insert(rpl_svn_level *levels, size_t count, rpl_svn_level level)
{
    size_t at = count;
    for (; at > 0 && levels[at - 1].isv_svn < level.isv_svn; at--)
        levels[at] = levels[at - 1];
    levels[at] = level;
}

void rpl_svn_levels_read(rpl_document_reader *r, const json_t *object, uint16_t svn_max,
                         rpl_svn_level *levels, size_t room, size_t *count)
{
    const json_t *list = rpl_document_array(r, object, "tcbLevels", room);
    const size_t n = json_array_size(list);
    for (size_t i = 0; i < n; i++)
        insert(levels, i, read_level(r, json_array_get(list, i), svn_max));
    *count = n;
}

const rpl_svn_level *rpl_svn_levels_match(const rpl_svn_level *levels, size_t count, uint16_t svn)
{
    for (size_t i = 0; i < count; i++) {
        if (levels[i].isv_svn <= svn)
            return &levels[i];
    }
    return NULL;
}

void rpl_svn_levels_lowest_text(const rpl_svn_level *levels, size_t count,
                                char out[static RPL_LOWEST_TEXT_SIZE])
{
    char level[RPL_LEVEL_TEXT_SIZE];
    const rpl_svn_level *lowest = NULL;
    for (size_t i = 0; i < count; i++) {
        if (levels[i].status == RPL_TCB_UP_TO_DATE || !lowest)
            lowest = &levels[i];
    }
    if (!lowest) {
        snprintf(out, RPL_LOWEST_TEXT_SIZE, "no level at all");
        return;
    }
    rpl_level_text(lowest->status, lowest->date, level);
    snprintf(out, RPL_LOWEST_TEXT_SIZE, "%u: level %s", lowest->isv_svn, level);
}
