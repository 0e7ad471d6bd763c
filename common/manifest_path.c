/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_path: which paths and links may stand in a package. Shared by the manifest and all that
 * reads packages from elsewhere. */
#include "manifest.h"
#include "names.h"

#include <string.h>

static bool is_dots(const char *component, size_t length, size_t dots)
{
    return length == dots && memcmp(component, "..", dots) == 0;
}

enum err manifest_check_path(const char *path, struct error *e)
{
    char shown[80];
    const char *why = NULL;
    if (path[0] == '/')
        why = "is absolute";
    if (strlen(path) > PATH_LENGTH_MAX)
        why = "is too long";
    for (const char *at = path; why == NULL; at++) {
        size_t length = strcspn(at, "/");
        if (length == 0)
            why = "has an empty component";
        else if (is_dots(at, length, 1) || is_dots(at, length, 2))
            why = "has a '.' or '..' component";
        else if (length > PATH_COMPONENT_MAX)
            why = "has a component that is too long";
        at += length;
        if (*at == '\0')
            break;
    }
    if (why == NULL)
        return ERR_OK;
    return error_set(e, ERR_INVALID, "path '%s' %s", names_printable(path, shown, sizeof(shown)),
                     why);
}

static size_t depth_of(const char *path)
{
    size_t depth = 0;
    for (; *path != '\0'; path++)
        depth += *path == '/';
    return depth;
}

/* ".." is accepted only before the first name: behind one, that name may itself be a link to
 * somewhere less deep, and ".." would climb out of the tree although the text does not say so. */
enum err manifest_check_symlink(const char *path, const char *target, struct error *e)
{
    char shown[80];
    names_printable(path, shown, sizeof(shown));
    if (target[0] == '\0' || target[0] == '/' || strlen(target) > PATH_LENGTH_MAX)
        return error_set(e, ERR_INVALID, "link '%s' has an empty, absolute or too long target",
                         shown);
    size_t depth = depth_of(path);
    bool has_name = false;
    for (const char *at = target; *at != '\0';) {
        size_t length = strcspn(at, "/");
        bool is_up = is_dots(at, length, 2);
        if (is_up && (has_name || depth == 0))
            return error_set(e, ERR_INVALID, "link '%s' leads out of the package", shown);
        depth -= is_up;
        has_name = has_name || (length > 0 && !is_up && !is_dots(at, length, 1));
        at += length;
        at += *at == '/';
    }
    return ERR_OK;
}
