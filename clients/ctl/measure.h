/* measure.h - what the parts of `replicatoorctl measure` share: reference values computed from files,
 * and how they agree with a captured quote. Nothing here verifies a quote. */
#ifndef RPL_CLIENTS_CTL_MEASURE_H
#define RPL_CLIENTS_CTL_MEASURE_H

#include "attestation/reference/boot_log.h"
#include "attestation/reference/runtime.h"
#include "attestation/reference/td_hob.h"
#include "clients/ctl/capture.h"
#include "clients/ctl/ctl.h"

enum {
    RPL_MEASURE_EVENTS = 13, /* names of RTMR3 events that carry a value */
    RPL_MEASURE_VALUES = 32, /* values of them, lists counted apart */
    RPL_MEASURE_ERAS = 7,
    RPL_MEASURE_ROWS = 6,
    RPL_MEASURE_WHY = 256,
};

typedef struct {
    const char *compose, *image, *memory, *image_hash, *quote, *event_log, *era, *log_version;
    const char *rootfs, *ca_cert, *published;
    bool two_pass, kernel_as_is, json;
    const char *events[RPL_MEASURE_EVENTS];
} rpl_measure_arguments;

typedef struct {
    bool is_given, is_json; /* is_json: an app-compose.json */
    bool is_normal;         /* it has a normalised spelling: the two others are there */
    uint8_t raw[32], normalized[32], reduced[32];
} rpl_measure_compose;

/* What an image folder gives, or the digests published of one (is_published): then the kernel's is
 * that with the header filled, and there is no kernel. */
typedef struct {
    bool is_given, is_published;
    bool is_as_is, has_rootfs; /* is_as_is: its firmware measures the kernel unchanged */
    uint8_t rootfs_hash[32];
    uint8_t mrtd[2][48]; /* by rpl_page_order */
    uint8_t variables[48], kernel_as_is[48], command_line[48], initrd[48];
    rpl_td_hob_layout layout;
    uint8_t *kernel; /* owned */
    size_t kernel_len, initrd_len;
} rpl_measure_image;

/* The same for one shape of machine; digests that could not be had are absent. */
typedef struct {
    uint64_t memory; /* bytes; 0: not known, the others are then those of 2 GiB */
    bool has_rtmr0;
    uint8_t td_hob[48], kernel[48];
    rpl_boot_log rtmr0, rtmr1, rtmr1_as_is, rtmr2;
    rpl_measurement chosen; /* without rtmr3 */
} rpl_measure_shape;

typedef struct {
    const rpl_os_era *era;
    const char *about; /* NULL: rtmr3 is there; else the event that misses or does not fit */
    const char *what;  /* why */
    uint8_t rtmr3[48];
} rpl_measure_era;

typedef struct {
    const char *name;
    enum { RPL_ROW_SAME, RPL_ROW_DIFFERS, RPL_ROW_UNKNOWN } found;
    char why[RPL_MEASURE_WHY];
} rpl_measure_row;

typedef struct {
    rpl_measure_compose compose;
    rpl_measure_image image;
    rpl_measure_shape shape;
    size_t n_eras, n_rows;
    rpl_measure_era eras[RPL_MEASURE_ERAS];
    rpl_measure_row rows[RPL_MEASURE_ROWS];
    bool has_capture, has_release, has_image_hash;
    rpl_ctl_capture_files capture;
    uint8_t image_hash[32], release[32];
} rpl_measure;

/* "--app-id" .. as arguments take them. */
const char *rpl_measure_event_option(size_t index);
/* Reads the files of the folder. 0, or the exit status after saying why on stderr. */
RPL_CHECKED int rpl_measure_read_image(const char *folder, rpl_measure_image *image);
/* The same from a measurement.tdx.cbor. */
RPL_CHECKED int rpl_measure_read_published(const char *path, rpl_measure_image *image);
void rpl_measure_image_free(rpl_measure_image *image);
/* The registers of a machine with `memory` bytes (0: not known) under that image, once: the kernel's
 * header is filled in place. `log` has the ACPI digests, or is NULL. */
RPL_CHECKED int rpl_measure_fill_shape(const rpl_measure_arguments *a, rpl_measure_image *image,
                                       const rpl_event_log *log, rpl_measure_shape *shape);
/* RTMR3 of the era asked for, or of all that the given values allow. */
RPL_CHECKED int rpl_measure_fill_eras(const rpl_measure_arguments *a, rpl_measure *m);
/* The memory size whose layout the log shows; 0 when none of the usual sizes fits. */
uint64_t rpl_measure_find_memory(const rpl_td_hob_layout *layout, const rpl_event_log *log);
/* Fills `rows`: what was computed beside what the quote has. */
void rpl_measure_compare(rpl_measure *m);

void rpl_measure_print_text(const rpl_measure *m);
RPL_CHECKED bool rpl_measure_print_json(const rpl_measure *m);

#endif
