/* verify.h - the entry of the verifier: a quote, collateral, roots and a time go in; a verdict and
 * the facts that the quote states come out. No I/O, no clock.
 *
 * Two steps, so that no network request is made for a quote that cannot be admitted anyway:
 * rpl_verification_begin checks everything that needs nothing but the quote (structure, PCK chain to
 * the root, QE report, signatures); rpl_verification_collateral checks the rest. A caller that has
 * the collateral at hand calls both in a row. The verdict collects all checks of both.
 *
 * Rules and their sources: docs/verification.md.
 */
#ifndef RPL_ATTESTATION_VERIFY_H
#define RPL_ATTESTATION_VERIFY_H

#include "attestation/roots.h"
#include "attestation/tdx/quote.h"
#include "attestation/tdx/tcb_policy.h"
#include "attestation/tdx/tcb_status.h"
#include "attestation/tdx/td_policy.h"
#include "attestation/tdx/verdict.h"

/* Borrowed views; any may be empty (then the checks that need it fail with COLLATERAL_MISSING). */
typedef struct {
    rpl_bytes root_crl;           /* DER, PEM or hex of DER */
    rpl_bytes pck_crl;            /* the same */
    rpl_bytes tcb_info_chain;     /* PEM: signer, root */
    rpl_bytes tcb_info;           /* the exact bytes of the member's value */
    rpl_bytes tcb_info_signature; /* 128 hex characters */
    rpl_bytes qe_identity_chain;  /* PEM */
    rpl_bytes qe_identity;
    rpl_bytes qe_identity_signature;
    /* Not collateral: what was verified before of this kind of platform; NULL: nothing. */
    const rpl_evaluation_floor *seen;
} rpl_collateral;

#define RPL_ADVISORIES_MAX 64

/* What the next TCB level will say: by the TCB info that Intel publishes first (update=early), weeks
 * before the view that decides. It never decides anything. */
typedef struct {
    bool known;
    bool accepted;         /* with that view in force, these checks would pass */
    rpl_tcb_status status; /* RPL_TCB_UNKNOWN: the early view has no level for the platform */
    uint32_t eval_number;
    int64_t issued; /* of the early view */
} rpl_tcb_forecast;

/* What the quote and its collateral say; trustworthy only beside a verdict whose groups passed. */
typedef struct {
    rpl_quote quote; /* views into the input */
    uint8_t ppid[16], fmspc[6], pceid[2];
    bool has_pck;              /* ppid, fmspc, pceid and processor_ca are set */
    bool has_smt, smt_enabled; /* whether the certificate says that SMT is on, and that it is */
    bool processor_ca;         /* PCK issued by the Processor CA, else the Platform CA */
    rpl_tcb_status tcb_status; /* RPL_TCB_UNKNOWN until evaluated */
    rpl_tcb_status launch_status, current_status, platform_status, module_status, qe_status;
    int64_t tcb_date;
    size_t n_advisories;
    char advisories[RPL_ADVISORIES_MAX][RPL_ADVISORY_LEN_MAX + 1];
    int64_t grace_until; /* 0, or only the configured grace let this OutOfDate pass, until then */
    uint32_t tcb_eval_number, qe_eval_number;
    int64_t tcb_issued, qe_issued;   /* issueDate of both documents */
    int64_t valid_from, valid_until; /* the window of everything that was used */
    rpl_tcb_forecast forecast;       /* see rpl_verification_forecast */
    uint8_t quote_digest[32];        /* SHA-256 of the signed region: the quote's only identity */
} rpl_quote_facts;

typedef struct rpl_verifier rpl_verifier;         /* attestation/verifier.h */
typedef struct rpl_verification rpl_verification; /* owns parsed certificates between the steps */

/* `quote` (at most RPL_QUOTE_MAX), `roots` and `policy` are borrowed until the verification is freed. The
 * checks of RPL_GROUP_QUOTE and RPL_GROUP_TD are run into `verdict`, which the caller has started
 * (rpl_verdict_start) for this quote. What another quote passed of these and of RPL_GROUP_COLLATERAL is
 * taken back first, so that nothing of it counts for this one; what failed, and the other groups, stay.
 * `*out` is owned by the caller, also when checks failed.
 * RPL_INTERNAL  no memory: nothing was evaluated */
RPL_CHECKED rpl_status rpl_verification_begin(rpl_bytes quote, const rpl_roots *roots,
                                              const rpl_verifier_policy *policy, int64_t now,
                                              rpl_verdict *verdict, rpl_verification **out);
/* The same under the roots of `verifier`, with what it keeps from earlier quotes. It must belong to the
 * calling thread from here until rpl_verification_collateral has returned or will not be called. */
RPL_CHECKED rpl_status rpl_verification_begin_with(rpl_verifier *verifier, rpl_bytes quote,
                                                   const rpl_verifier_policy *policy, int64_t now,
                                                   rpl_verdict *verdict, rpl_verification **out);
/* Runs the checks of RPL_GROUP_COLLATERAL as far as what begin found allows. May be called again with
 * other collateral and a verdict as it was before: the facts start over. */
RPL_CHECKED rpl_status rpl_verification_collateral(rpl_verification *v,
                                                   const rpl_collateral *collateral,
                                                   rpl_verdict *verdict);
/* Fills facts.forecast from collateral whose TCB info (and, where there is one, QE identity) is the early
 * one; touches nothing else, and no verdict. A document that does not verify, whichever, leaves it
 * unknown, and so does a quoting enclave of another identity. Cold: nothing is kept or taken from what
 * is. After rpl_verification_collateral.
 * RPL_INTERNAL  no memory */
RPL_CHECKED rpl_status rpl_verification_forecast(rpl_verification *v, const rpl_collateral *early);
/* Whether what held at the time of the verification still does at `now`: everything that was used is in
 * force, and the grace, where only that made it pass, is not over. For whoever acts on a verdict later. */
RPL_CHECKED bool rpl_facts_hold(const rpl_quote_facts *facts, int64_t now);
/* Borrowed until the verification is freed. */
const rpl_quote_facts *rpl_verification_facts(const rpl_verification *v);
void rpl_verification_free(rpl_verification *v);
RPL_DEFINE_AUTO(rpl_verification *, verification, rpl_verification_free)

#endif
