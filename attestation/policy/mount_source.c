#include "attestation/policy/mount_source.h"

#include "base/writer.h"

enum { PATH_CAP = RPL_MOUNT_SOURCE_MAX + 64 };

/* Links of the guest's image, resolved before paths are compared. */
static const struct {
    const char *link, *to;
} links[] = {
    {"/var/run", "/run"},
    {"/dstack", "/var/volatile/dstack"},
    {"/tapp", "/var/volatile/dstack"},
};

/* Where Compose runs; relative sources start here. */
static const char project[] = "/var/volatile/dstack/";

static const char *const places[] = {
    /* sockets of the agent and of the container engines */
    "/run/dstack.sock",
    "/run/tappd.sock",
    "/run/dstack",
    "/run/tappd",
    "/var/sock",
    "/run/docker.sock",
    "/run/docker",
    "/run/containerd",
    "/run/podman",
    /* the kernel's own ways to a quote */
    "/dev/tdx_guest",
    "/dev/tdx-guest",
    "/dev/tdx-attest",
    "/sys/kernel/config",
    "/sys/devices/virtual/misc/tdx_guest",
    "/sys/class/misc/tdx_guest",
    /* every process's root; every container's files and volumes; the app's keys */
    "/proc",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/volatile/dstack/persistent",
    "/var/volatile/dstack/var",
    "/var/volatile/dstack/.host-shared",
    /* who writes there is root of the guest */
    "/etc/systemd",
    "/etc/docker",
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/usr/libexec",
    "/lib",
    "/lib64",
    "/bin",
    "/sbin",
    "/boot",
    "/root",
    "/home",
    "/var/volatile/overlay",
    "/var/volatile/etc",
    "/var/volatile/usr",
    "/var/volatile/home",
};

/* Beginnings of names in /dev that are memory or a disk: whoever writes there owns the guest. */
static const char *const raw_devices[] = {
    "/dev/mem", "/dev/kmem", "/dev/port", "/dev/sd",     "/dev/vd",   "/dev/xvd",
    "/dev/hd",  "/dev/nvme", "/dev/dm-",  "/dev/mapper", "/dev/loop", "/dev/tdx",
};

bool rpl_is_interpolated(rpl_bytes text)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.data[i] != '$')
            continue;
        const uint8_t c = text.data[++i];
        const uint8_t folded = c | 0x20;
        if (c == '{' || c == '_' || (folded >= 'a' && folded <= 'z'))
            return true;
    }
    return false;
}

bool rpl_mount_is_path(rpl_bytes source)
{
    return source.len > 0 &&
           (source.data[0] == '/' || source.data[0] == '.' || source.data[0] == '~');
}

/* The next segment between slashes; false at the end. */
static bool next_segment(rpl_bytes *rest, rpl_bytes *segment)
{
    size_t skip = 0;
    while (skip < rest->len && rest->data[skip] == '/')
        skip++;
    size_t end = skip;
    while (end < rest->len && rest->data[end] != '/')
        end++;
    *segment = (rpl_bytes){rest->data + skip, end - skip};
    *rest = (rpl_bytes){rest->data + end, rest->len - end};
    return segment->len > 0;
}

static bool is(rpl_bytes segment, const char *text)
{
    return rpl_bytes_equal(segment, rpl_bytes_of_text(text));
}

static void drop_segment(rpl_writer *path)
{
    while (path->len > 0 && path->data[path->len - 1] != '/')
        path->len--;
    if (path->len > 0)
        path->len--;
}

static void follow_link(rpl_writer *path)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
        if (!is(rpl_writer_bytes(path), links[i].link))
            continue;
        path->len = 0;
        rpl_write_text(path, links[i].to);
        return;
    }
}

/* "/a/b", no trailing slash, "" for the root; '..' above the root stays at the root, as in the
 * kernel. */
static bool normalise(rpl_bytes source, rpl_writer *path)
{
    rpl_bytes segment;
    while (next_segment(&source, &segment)) {
        if (is(segment, "."))
            continue;
        if (is(segment, "..")) {
            drop_segment(path);
            continue;
        }
        rpl_write_text(path, "/");
        rpl_write_bytes(path, segment);
        follow_link(path);
    }
    return rpl_writer_done(path);
}

/* True when `path` is `place`, a folder above it or something below it. */
static bool overlaps(rpl_bytes path, rpl_bytes place)
{
    const size_t len = path.len < place.len ? path.len : place.len;
    if (!rpl_bytes_equal((rpl_bytes){path.data, len}, (rpl_bytes){place.data, len}))
        return false;
    const rpl_bytes longer = path.len > place.len ? path : place;
    return longer.len == len || longer.data[len] == '/';
}

static bool overlaps_any(rpl_bytes path)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        if (overlaps(path, rpl_bytes_of_text(places[i])))
            return true;
    }
    return false;
}

static bool climbs(rpl_bytes source)
{
    rpl_bytes segment;
    while (next_segment(&source, &segment)) {
        if (is(segment, ".."))
            return true;
    }
    return false;
}

static bool unclear(rpl_bytes source)
{
    if (source.len == 0 || source.len > RPL_MOUNT_SOURCE_MAX || rpl_is_interpolated(source))
        return true;
    if (memchr(source.data, 0, source.len))
        return true;
    return source.data[0] != '/' && (source.data[0] == '~' || climbs(source));
}

rpl_mount_verdict rpl_mount_source_judge(rpl_bytes source)
{
    if (unclear(source))
        return RPL_MOUNT_UNCLEAR;
    uint8_t buf[PATH_CAP];
    rpl_writer path = rpl_writer_over(buf, sizeof(buf));
    const bool relative = source.data[0] != '/';
    if ((relative && !normalise(rpl_bytes_of_text(project), &path)) || !normalise(source, &path))
        return RPL_MOUNT_UNCLEAR;
    return overlaps_any(rpl_writer_bytes(&path)) ? RPL_MOUNT_REACHES_AGENT : RPL_MOUNT_HARMLESS;
}

rpl_mount_verdict rpl_device_judge(rpl_bytes source)
{
    const rpl_mount_verdict as_mount = rpl_mount_source_judge(source);
    if (source.len > 0 && source.data[0] != '/' && as_mount != RPL_MOUNT_UNCLEAR)
        return RPL_MOUNT_HARMLESS; /* a name of the container device interface: vendor/class=name */
    if (as_mount != RPL_MOUNT_HARMLESS)
        return as_mount;
    uint8_t buf[PATH_CAP];
    rpl_writer path = rpl_writer_over(buf, sizeof(buf));
    if (!normalise(source, &path))
        return RPL_MOUNT_UNCLEAR;
    for (size_t i = 0; i < sizeof(raw_devices) / sizeof(*raw_devices); i++) {
        const rpl_bytes beginning = rpl_bytes_of_text(raw_devices[i]);
        if (path.len >= beginning.len &&
            rpl_bytes_equal((rpl_bytes){path.data, beginning.len}, beginning))
            return RPL_MOUNT_REACHES_AGENT;
    }
    return RPL_MOUNT_HARMLESS;
}
