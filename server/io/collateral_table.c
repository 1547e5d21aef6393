#include "server/io/collateral_table.h"

#include <stdlib.h>

rpl_held *rpl_held_new(rpl_collateral_document *document, const rpl_collateral_stamp *stamp)
{
    rpl_held *held = calloc(1, sizeof(*held));
    if (!held) {
        free(document);
        return NULL;
    }
    held->refs = 1;
    held->document = document;
    if (stamp)
        held->stamp = *stamp;
    return held;
}

rpl_held *rpl_held_again(rpl_held *held)
{
    held->refs++;
    return held;
}

void rpl_held_let_go(rpl_held *held)
{
    if (!held || --held->refs)
        return;
    free(held->document);
    free(held);
}

static void clear(rpl_collateral_entry *e)
{
    rpl_held_let_go(e->kept);
    rpl_held_let_go(e->stored);
    rpl_held_let_go(e->doubtful);
    *e = (rpl_collateral_entry){0};
}

void rpl_collateral_table_clear(rpl_collateral_table *table)
{
    for (size_t i = 0; i < RPL_COLLATERAL_ENTRIES_MAX; i++)
        clear(&table->entries[i]);
    table->n_floors = 0;
}

/* A free place, else that of the document whose last use is longest ago; NULL when all are busy. */
static rpl_collateral_entry *place(rpl_collateral_table *table)
{
    rpl_collateral_entry *oldest = NULL;
    for (size_t i = 0; i < RPL_COLLATERAL_ENTRIES_MAX; i++) {
        rpl_collateral_entry *e = &table->entries[i];
        if (!e->used)
            return e;
        if (!e->busy && !e->in_flight && (!oldest || e->used_ms < oldest->used_ms))
            oldest = e;
    }
    if (oldest)
        clear(oldest);
    return oldest;
}

rpl_collateral_entry *rpl_collateral_table_find(rpl_collateral_table *table, const rpl_pcs_ask *ask)
{
    for (size_t i = 0; i < RPL_COLLATERAL_ENTRIES_MAX; i++) {
        if (table->entries[i].used && rpl_pcs_same(&table->entries[i].ask, ask))
            return &table->entries[i];
    }
    return NULL;
}

rpl_collateral_entry *rpl_collateral_table_entry(rpl_collateral_table *table,
                                                 const rpl_pcs_ask *ask, int64_t boot_ms)
{
    rpl_collateral_entry *e = rpl_collateral_table_find(table, ask);
    if (!e)
        e = place(table);
    if (!e)
        return NULL;
    e->used = true;
    e->ask = *ask;
    e->used_ms = boot_ms;
    return e;
}

static bool is_of(const rpl_collateral_floor *f, const uint8_t fmspc[static 6])
{
    return rpl_bytes_equal(rpl_bytes_of(f->fmspc, 6), rpl_bytes_of(fmspc, 6));
}

rpl_evaluation_floor rpl_collateral_table_floor(const rpl_collateral_table *table,
                                                const uint8_t fmspc[static 6])
{
    for (size_t i = 0; i < table->n_floors; i++) {
        if (is_of(&table->floors[i], fmspc))
            return table->floors[i].floor;
    }
    return (rpl_evaluation_floor){0};
}

static rpl_collateral_floor *floor_of(rpl_collateral_table *table, const uint8_t fmspc[static 6])
{
    rpl_collateral_floor *oldest = &table->floors[0];
    for (size_t i = 0; i < table->n_floors; i++) {
        if (is_of(&table->floors[i], fmspc))
            return &table->floors[i];
        if (table->floors[i].used_ms < oldest->used_ms)
            oldest = &table->floors[i];
    }
    if (table->n_floors < RPL_COLLATERAL_FLOORS_MAX)
        oldest = &table->floors[table->n_floors++];
    *oldest = (rpl_collateral_floor){0};
    rpl_reader name = rpl_reader_over(rpl_bytes_of(fmspc, 6));
    (void)!rpl_read_copy(&name, oldest->fmspc, sizeof(oldest->fmspc));
    return oldest;
}

static void raise(uint32_t *number, int64_t *issued_s, const rpl_collateral_stamp *seen)
{
    if (seen->number < *number || (seen->number == *number && seen->issued_s <= *issued_s))
        return;
    *number = (uint32_t)seen->number;
    *issued_s = seen->issued_s;
}

void rpl_collateral_table_raise(rpl_collateral_table *table, const uint8_t fmspc[static 6],
                                const rpl_collateral_stamp *tcb_info,
                                const rpl_collateral_stamp *qe_identity, int64_t boot_ms)
{
    rpl_collateral_floor *f = floor_of(table, fmspc);
    f->used_ms = boot_ms;
    raise(&f->floor.tcb_evaluation, &f->floor.tcb_issued, tcb_info);
    raise(&f->floor.qe_evaluation, &f->floor.qe_issued, qe_identity);
}
