/* SPDX-License-Identifier: Apache-2.0 */
#include "throttle.h"

#include <stdio.h>
#include <string.h>

enum { ONE_TRY = 1000 };

/* per_s tries a second are as many thousandths a millisecond. A clock that was set back forgives
 * nothing. */
static int64_t debt_at(const struct account *a, int per_s, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - a->at_ms;
    if (elapsed_ms <= 0)
        return a->debt;
    if (elapsed_ms >= a->debt / per_s + 1)
        return 0;
    return a->debt - elapsed_ms * per_s;
}

static int64_t wait_of(const struct account *a, int per_s, int burst, int64_t now_ms)
{
    int64_t over = debt_at(a, per_s, now_ms) + ONE_TRY - (int64_t)burst * ONE_TRY;
    return over <= 0 ? 0 : (over + per_s - 1) / per_s;
}

static void charge(struct account *a, int per_s, int64_t now_ms)
{
    a->debt = debt_at(a, per_s, now_ms) + ONE_TRY;
    a->at_ms = now_ms;
}

static const struct account *find(const struct throttle *t, const char *address)
{
    for (size_t i = 0; i < THROTTLE_ADDRESSES; i++) {
        if (strncmp(t->addresses[i].address, address, ADDRESS_SIZE - 1) == 0)
            return &t->addresses[i];
    }
    return NULL;
}

static size_t least_indebted(const struct throttle *t, int64_t now_ms)
{
    size_t least = 0;
    int64_t least_debt = INT64_MAX;
    for (size_t i = 0; i < THROTTLE_ADDRESSES; i++) {
        int64_t debt = debt_at(&t->addresses[i], THROTTLE_ADDRESS_PER_S, now_ms);
        if (debt < least_debt) {
            least = i;
            least_debt = debt;
        }
    }
    return least;
}

int64_t throttle_wait_ms(const struct throttle *t, const char *address, int64_t now_ms)
{
    int64_t all_ms = wait_of(&t->all, THROTTLE_ALL_PER_S, THROTTLE_ALL_BURST, now_ms);
    const struct account *a = find(t, address);
    if (a == NULL)
        return all_ms;
    int64_t own_ms = wait_of(a, THROTTLE_ADDRESS_PER_S, THROTTLE_ADDRESS_BURST, now_ms);
    return own_ms > all_ms ? own_ms : all_ms;
}

void throttle_count(struct throttle *t, const char *address, int64_t now_ms)
{
    charge(&t->all, THROTTLE_ALL_PER_S, now_ms);
    const struct account *known = find(t, address);
    size_t i = known != NULL ? (size_t)(known - t->addresses) : least_indebted(t, now_ms);
    struct account *a = &t->addresses[i];
    if (known == NULL) {
        *a = (struct account){0};
        (void)snprintf(a->address, sizeof(a->address), "%s", address);
    }
    charge(a, THROTTLE_ADDRESS_PER_S, now_ms);
}
