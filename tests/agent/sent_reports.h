/* SPDX-License-Identifier: Apache-2.0 */
/* sent_reports: takes reports out of a spool as the sender does, and lays them down as text lines:
 *   ack TASK STATE RUN_STATE EXIT CODE MESSAGE | log TASK STAGE COMMAND o|e|oE|eE TEXT | lost LINES
 * where E marks events. */
#ifndef SENT_REPORTS_H
#define SENT_REPORTS_H

#include "agent_model.h"
#include "hivecast/v1/manager.pb-c.h"
#include "run_support.h"
#include "spool.h"
#include "strlist.h"

struct sent_reports {
    struct bytes text;
    size_t reports;
    size_t lines; /* of logs */
    uint64_t lost;
};

static inline void sent_reports_print(struct sent_reports *s, const char *line)
{
    ASSERT_OK(bytes_append(&s->text, line, strlen(line), e));
}

static inline void sent_reports_add_log(struct sent_reports *s, const Hivecast__V1__Log *log)
{
    static char line[3 * LINE_MAX_BYTES];
    for (size_t i = 0; i < log->n_lines; i++) {
        const Hivecast__V1__LogLine *l = log->lines[i];
        assert_true(l->time_ms > 0);
        snprintf(line, sizeof(line), "log %s %s %s %s%s %s\n", log->task_id,
                 stage_name((enum stage)log->stage), log->command, l->error ? "e" : "o",
                 l->event ? "E" : "", l->output);
        sent_reports_print(s, line);
        s->lines++;
    }
}

static inline void sent_reports_add(struct sent_reports *s, const Hivecast__V1__Report *r)
{
    char line[512];
    s->reports++;
    if (r->what_case == HIVECAST__V1__REPORT__WHAT_LOG) {
        sent_reports_add_log(s, r->log);
    } else if (r->what_case == HIVECAST__V1__REPORT__WHAT_LOST) {
        snprintf(line, sizeof(line), "lost %llu\n", (unsigned long long)r->lost->lines);
        sent_reports_print(s, line);
        s->lost += r->lost->lines;
    } else if (r->what_case == HIVECAST__V1__REPORT__WHAT_ACKNOWLEDGEMENT) {
        const Hivecast__V1__Acknowledgement *a = r->acknowledgement;
        snprintf(line, sizeof(line), "ack %s %s %s %d %s %s\n", a->task_id,
                 task_state_name((enum task_state)a->state),
                 run_state_name((enum run_state)a->run_state), a->exit_status,
                 err_name((enum err)a->code), a->message);
        sent_reports_print(s, line);
    }
}

/* One batch; false when nothing waits. The caller confirms *last. */
static inline bool sent_reports_take(struct sent_reports *s, struct spool *spool, uint64_t *last)
{
    struct bytes raw = {0};
    uint64_t first_seq;
    size_t count;
    ASSERT_OK(spool_peek(spool, REPORT_BATCH_BYTES, &raw, &first_seq, &count, e));
    if (count > 0) {
        Hivecast__V1__ReportRequest *request =
            hivecast__v1__report_request__unpack(NULL, raw.size, raw.data);
        assert_non_null(request);
        assert_int_equal(request->n_reports, count);
        for (size_t i = 0; i < count; i++)
            sent_reports_add(s, request->reports[i]);
        hivecast__v1__report_request__free_unpacked(request, NULL);
    }
    bytes_clear(&raw);
    *last = first_seq + count - 1;
    return count > 0;
}

static inline const char *sent_reports_text(const struct sent_reports *s)
{
    return s->text.data != NULL ? (const char *)s->text.data : "";
}

#endif
