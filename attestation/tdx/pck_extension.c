#include "attestation/tdx/der.h"
#include "attestation/tdx/pck.h"

enum { MEMBERS_MAX = 32, COMPONENTS = 16, SVN_MAX = 255, PCESVN_MAX = 65535, SGX_TYPE_MAX = 2 };

/* Last arcs of 1.2.840.113741.1.13.1.n */
enum { PPID = 1, TCB, PCEID, FMSPC, SGX_TYPE, PLATFORM_INSTANCE, CONFIGURATION };
enum { TCB_PCESVN = 17, TCB_CPUSVN = 18 };       /* .2.n; 1 to 16 are the components */
enum { DYNAMIC_PLATFORM = 1, CACHED_KEYS, SMT }; /* .7.n */

/* SEQUENCE OF SEQUENCE { OID, ANY }: whose OIDs are `prefix` and one more arc. */
typedef struct {
    rpl_reader in;
    rpl_bytes prefix;
    uint32_t seen; /* bit n: member n */
    size_t count;
} member_list;

static rpl_status open_list(rpl_reader *r, rpl_bytes prefix, member_list *list)
{
    *list = (member_list){.prefix = prefix};
    return rpl_der_enter(r, RPL_DER_SEQUENCE, &list->in)
               ? rpl_ok()
               : rpl_malformed(r, "SGX extension: expected a sequence of members");
}

/* The arc behind the prefix; 0 for a member of another kind. */
static uint8_t arc_of(rpl_bytes id, rpl_bytes prefix)
{
    const bool ours = id.len == prefix.len + 1 &&
                      rpl_bytes_equal((rpl_bytes){id.data, prefix.len}, prefix) &&
                      id.data[prefix.len] < MEMBERS_MAX;
    return ours ? id.data[prefix.len] : 0;
}

/* `value` reads the member's ANY and must end with it. */
static rpl_status next_member(member_list *list, uint8_t *n, rpl_reader *value)
{
    rpl_bytes id, whole, content;
    uint8_t tag;
    if (list->count++ == MEMBERS_MAX || !rpl_der_enter(&list->in, RPL_DER_SEQUENCE, value) ||
        !rpl_der_take(value, RPL_DER_OID, &id))
        return rpl_malformed(&list->in, "SGX extension: expected a member, an OID and its value");
    *n = arc_of(id, list->prefix);
    rpl_reader look = *value;
    if (!rpl_der_any(&look, &tag, &whole, &content) || !rpl_read_done(&look))
        return rpl_malformed(value, "SGX extension: expected one value in each member");
    if (*n && (list->seen & 1u << *n))
        return rpl_malformed(value, "SGX extension: a member twice");
    list->seen |= 1u << *n;
    return rpl_ok();
}

static bool seen_all(const member_list *list, uint32_t first, uint32_t last)
{
    const uint32_t wanted = (2u << last) - (1u << first);
    return (list->seen & wanted) == wanted;
}

static rpl_status read_tcb_member(uint8_t n, rpl_reader *value, rpl_pck *out)
{
    uint32_t svn = 0;
    if (n == TCB_CPUSVN)
        return rpl_der_octets(value, out->cpu_svn, sizeof(out->cpu_svn))
                   ? rpl_ok()
                   : rpl_malformed(value, "SGX extension: CPUSVN: expected 16 octets");
    if (n == 0 || n > TCB_CPUSVN)
        return rpl_ok();
    if (!rpl_der_uint(value, RPL_DER_INTEGER, n == TCB_PCESVN ? PCESVN_MAX : SVN_MAX, &svn))
        return rpl_malformed(value, "SGX extension: SVN: expected an INTEGER in range");
    if (n == TCB_PCESVN)
        out->pcesvn = (uint16_t)svn;
    else
        out->components[n - 1] = (uint8_t)svn;
    return rpl_ok();
}

static rpl_status read_tcb(rpl_reader *r, rpl_bytes prefix, rpl_pck *out)
{
    member_list list;
    rpl_reader value;
    uint8_t n;
    RPL_TRY(open_list(r, prefix, &list));
    while (!rpl_read_done(&list.in)) {
        RPL_TRY(next_member(&list, &n, &value));
        RPL_TRY(read_tcb_member(n, &value, out));
    }
    return seen_all(&list, 1, TCB_CPUSVN)
               ? rpl_ok()
               : rpl_malformed(&list.in, "SGX extension: TCB: expected all 18 members");
}

static rpl_status read_configuration(rpl_reader *r, rpl_bytes prefix, rpl_pck *out)
{
    member_list list;
    rpl_reader value;
    uint8_t n;
    RPL_TRY(open_list(r, prefix, &list));
    while (!rpl_read_done(&list.in)) {
        bool flag;
        RPL_TRY(next_member(&list, &n, &value));
        if (n < DYNAMIC_PLATFORM || n > SMT)
            continue;
        if (!rpl_der_bool(&value, &flag))
            return rpl_malformed(&value, "SGX extension: configuration: expected a BOOLEAN");
        if (n == SMT)
            out->smt_enabled = flag;
    }
    out->has_configuration = true;
    return rpl_ok();
}

static rpl_status read_octets(rpl_reader *value, uint8_t *out, size_t len)
{
    return rpl_der_octets(value, out, len)
               ? rpl_ok()
               : rpl_malformed(value,
                               "SGX extension: expected an OCTET STRING of the right length");
}

static rpl_status read_member(uint8_t n, rpl_reader *value, rpl_pck *out)
{
    static const uint8_t tcb[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, TCB};
    static const uint8_t config[] = {0x2a, 0x86, 0x48, 0x86, 0xf8,
                                     0x4d, 0x01, 0x0d, 0x01, CONFIGURATION};
    uint8_t instance[16];
    switch (n) {
    case PPID:
        return read_octets(value, out->ppid, sizeof(out->ppid));
    case TCB:
        return read_tcb(value, rpl_bytes_of(tcb, sizeof(tcb)), out);
    case PCEID:
        return read_octets(value, out->pceid, sizeof(out->pceid));
    case FMSPC:
        return read_octets(value, out->fmspc, sizeof(out->fmspc));
    case SGX_TYPE:
        return rpl_der_uint(value, RPL_DER_ENUMERATED, SGX_TYPE_MAX, &out->sgx_type)
                   ? rpl_ok()
                   : rpl_malformed(value, "SGX extension: SGX type: expected 0, 1 or 2");
    case PLATFORM_INSTANCE:
        return read_octets(value, instance, sizeof(instance));
    case CONFIGURATION:
        return read_configuration(value, rpl_bytes_of(config, sizeof(config)), out);
    default:
        return rpl_ok();
    }
}

rpl_status rpl_pck_extension_parse(rpl_bytes extension, rpl_pck *out)
{
    static const uint8_t sgx[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
    rpl_reader r = rpl_reader_over(extension), value;
    rpl_pck pck = {0};
    member_list list;
    uint8_t n;
    RPL_TRY(open_list(&r, rpl_bytes_of(sgx, sizeof(sgx)), &list));
    if (!rpl_read_done(&r))
        return rpl_malformed(&r, "SGX extension: expected nothing behind its members");
    while (!rpl_read_done(&list.in)) {
        RPL_TRY(next_member(&list, &n, &value));
        RPL_TRY(read_member(n, &value, &pck));
    }
    if (!seen_all(&list, PPID, SGX_TYPE))
        return rpl_malformed(&list.in, "SGX extension: expected PPID, TCB, PCEID, FMSPC, SGX type");
    *out = pck;
    return rpl_ok();
}
