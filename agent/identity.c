/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "fs.h"

enum { FILE_MAX = 16 * 1024, MACHINE_HASH_BYTES = 6 };

/* The file is lines of "key value"; this is the first, so that later versions can tell. */
static const char first_line[] = "hivecast-identity 1\n";

struct text_field {
    const char *key;
    size_t offset;
    size_t size;
};
#define TEXT_FIELD(key, member)                                                                    \
    {                                                                                              \
        key, offsetof(struct identity, member), sizeof(((struct identity *)NULL)->member)          \
    }

static const struct text_field text_fields[] = {
    TEXT_FIELD("id", id),           TEXT_FIELD("manager-url", manager_url),
    TEXT_FIELD("control", control), TEXT_FIELD("bulk", bulk),
    TEXT_FIELD("tags", tags.text),
};

static enum err add_line(struct bytes *out, const char *key, const char *value, struct error *e)
{
    enum err err = bytes_append(out, key, strlen(key), e);
    if (err == ERR_OK)
        err = bytes_append(out, " ", 1, e);
    if (err == ERR_OK)
        err = bytes_append(out, value, strlen(value), e);
    return err == ERR_OK ? bytes_append(out, "\n", 1, e) : err;
}

static enum err encode(const struct identity *id, struct bytes *out, struct error *e)
{
    enum err err = bytes_append(out, first_line, strlen(first_line), e);
    for (size_t i = 0; err == ERR_OK && i < sizeof(text_fields) / sizeof(text_fields[0]); i++)
        err = add_line(out, text_fields[i].key, (const char *)id + text_fields[i].offset, e);
    char key[KEY_Z85_SIZE];
    keys_z85_encode(id->manager_key, key);
    if (err == ERR_OK)
        err = add_line(out, "manager-key", key, e);
    if (err != ERR_OK || !id->has_location)
        return err;
    char location[64];
    snprintf(location, sizeof(location), "%.9g,%.9g", id->latitude, id->longitude);
    return add_line(out, "location", location, e);
}

static enum err decode_line(char *line, struct identity *out, struct error *e)
{
    char *value = strchr(line, ' ');
    if (value == NULL)
        return error_set(e, ERR_CORRUPT, "a line without a value");
    *value++ = '\0';
    if (strcmp(line, "manager-key") == 0)
        return keys_z85_decode(value, out->manager_key, e);
    if (strcmp(line, "location") == 0)
        return identity_parse_location(value, out, e);
    for (size_t i = 0; i < sizeof(text_fields) / sizeof(text_fields[0]); i++) {
        const struct text_field *f = &text_fields[i];
        if (strcmp(line, f->key) != 0)
            continue;
        if (strlen(value) >= f->size)
            return error_set(e, ERR_CORRUPT, "%s is too long", f->key);
        memcpy((char *)out + f->offset, value, strlen(value) + 1);
    }
    return ERR_OK; /* a key of a later version */
}

static enum err decode(char *text, struct identity *out, struct error *e)
{
    if (strncmp(text, first_line, strlen(first_line)) != 0)
        return error_set(e, ERR_CORRUPT, "not an identity file of this version");
    char *rest = text + strlen(first_line);
    char *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        enum err err = *line == '\0' ? ERR_OK : decode_line(line, out, e);
        if (err != ERR_OK)
            return err;
    }
    return names_check_id("id", out->id, e);
}

enum err identity_load(const char *data_dir, struct identity *out, struct error *e)
{
    AUTO_FREE char *path = NULL;
    enum err err = fs_join(data_dir, "identity", &path, e);
    if (err != ERR_OK)
        return err;
    struct bytes text = {0};
    err = fs_state_read(path, FILE_MAX, &text, e);
    struct identity id = {0};
    if (err == ERR_OK)
        err = decode((char *)text.data, &id, e);
    bytes_clear(&text);
    if (err == ERR_NOT_FOUND)
        return error_set(e, ERR_NOT_FOUND,
                         "%s belongs to no manager yet: run 'hivecast-agent join URL --token T' "
                         "with the same --data-dir",
                         data_dir);
    if (err != ERR_OK)
        return error_wrap(e, err, "read %s", path);
    *out = id;
    return ERR_OK;
}

enum err identity_save(const char *data_dir, const struct identity *id, struct error *e)
{
    AUTO_FREE char *path = NULL;
    enum err err = fs_join(data_dir, "identity", &path, e);
    if (err != ERR_OK)
        return err;
    struct bytes text = {0};
    err = encode(id, &text, e);
    if (err == ERR_OK)
        err = fs_state_write(path, text.data, text.size, e);
    bytes_clear(&text);
    return err;
}

enum err identity_keys(const char *data_dir, struct key_pair *out, struct error *e)
{
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *path = NULL;
    enum err err = fs_join(data_dir, "keys", &dir, e);
    if (err == ERR_OK)
        err = fs_mkdirs(dir, 0700, e);
    if (err == ERR_OK)
        err = fs_join(dir, "curve.key", &path, e);
    return err == ERR_OK ? keys_load_or_create(path, out, e) : err;
}

/* Names that whole product lines share say nothing. */
static bool tells_devices_apart(const char *host)
{
    static const char *const shared[] = {"localhost", "raspberrypi", "debian",
                                         "ubuntu",    "buildroot",   "beaglebone"};
    for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
        if (strcasecmp(host, shared[i]) == 0)
            return false;
    }
    return true;
}

static enum err id_of_machine(char out[static ID_SIZE], struct error *e)
{
    struct bytes text = {0};
    enum err err = fs_read("/etc/machine-id", 128, &text, e);
    if (err == ERR_OK && text.size < 32)
        err = error_set(e, ERR_NOT_FOUND, "/etc/machine-id is empty");
    if (err == ERR_OK) {
        /* The machine id itself is not to be shown to others (machine-id(5)). */
        uint8_t hash[crypto_generichash_BYTES];
        static const uint8_t purpose[] = "hivecast target id";
        crypto_generichash(hash, sizeof(hash), text.data, 32, purpose, sizeof(purpose) - 1);
        char hex[2 * MACHINE_HASH_BYTES + 1];
        keys_hex(hash, MACHINE_HASH_BYTES, hex);
        snprintf(out, ID_SIZE, "device-%s", hex);
    }
    bytes_clear(&text);
    return err;
}

enum err identity_default_id(char out[static ID_SIZE], struct error *e)
{
    char host[256] = "";
    if (gethostname(host, sizeof(host) - 1) != 0)
        return error_errno(e, "read the host name");
    char *dot = strchr(host, '.');
    if (dot != NULL)
        *dot = '\0';
    if (names_check_id("host name", host, NULL) == ERR_OK && tells_devices_apart(host)) {
        snprintf(out, ID_SIZE, "%.*s", ID_MAX, host);
        return ERR_OK;
    }
    if (id_of_machine(out, e) == ERR_OK)
        return ERR_OK;
    return error_set(e, ERR_NOT_FOUND,
                     "the host name '%.64s' cannot be the id and there is no /etc/machine-id: give "
                     "one with --id",
                     host);
}

enum err identity_parse_location(const char *text, struct identity *out, struct error *e)
{
    char *end = NULL;
    double latitude = strtod(text, &end);
    bool good = end != text && *end == ',';
    double longitude = 0;
    if (good) {
        const char *second = end + 1;
        longitude = strtod(second, &end);
        good = end != second && *end == '\0';
    }
    if (!good || !(fabs(latitude) <= 90) || !(fabs(longitude) <= 180))
        return error_set(e, ERR_INVALID,
                         "location '%.64s' is not LAT,LON in degrees, as in 48.137,11.575", text);
    out->has_location = true;
    out->latitude = latitude;
    out->longitude = longitude;
    return ERR_OK;
}

const char *identity_architecture(void)
{
#if defined(__x86_64__)
    return "amd64";
#elif defined(__aarch64__)
    return "arm64";
#elif defined(__arm__) && defined(__ARM_PCS_VFP)
    return "armhf";
#elif defined(__arm__)
    return "armel";
#elif defined(__i386__)
    return "i386";
#elif defined(__riscv) && __riscv_xlen == 64
    return "riscv64";
#elif defined(__mips64)
    return "mips64el";
#elif defined(__mips__)
    return "mipsel";
#elif defined(__powerpc64__)
    return "ppc64el";
#elif defined(__s390x__)
    return "s390x";
#else
#error "add the name that Debian gives this architecture"
#endif
}

const char *identity_os(void)
{
    return "linux";
}

enum err identity_advertised_tags(const struct identity *id, struct tags *out, struct error *e)
{
    struct tags tags = id->tags;
    enum err err = tags_add(&tags, identity_architecture(), e);
    if (err == ERR_OK)
        err = tags_add(&tags, identity_os(), e);
    if (err == ERR_OK)
        *out = tags;
    return err;
}
