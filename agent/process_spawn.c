/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that allocates happens before fork: the agent has threads of ZeroMQ, so the child may
 * call async-signal-safe functions only. A close-on-exec pipe tells the parent that exec worked. */
#include "process_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "strlist.h"

enum step { STEP_INPUT, STEP_DIRECTORY, STEP_EXEC };

struct start_failure {
    enum step step;
    int number;
};

/* What the child needs, ready to use. */
struct launch {
    const char *const *argv;
    char **environment;
    const char *directory;
    int output, errors, failure;
};

/* Passed on from the agent's own environment; a fallback of NULL leaves an unset one out. */
static const struct {
    const char *name;
    const char *fallback;
} inherited[] = {
    {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    {"HOME", "/"},
    {"LANG", "C.UTF-8"},
    {"LC_ALL", NULL},
    {"USER", NULL},
    {"LOGNAME", NULL},
    {"TZ", NULL},
    {"TMPDIR", NULL},
};

static enum err add_variable(struct strlist *to, const char *name, const char *value,
                             struct error *e)
{
    if (value == NULL)
        return ERR_OK;
    AUTO_FREE char *entry = NULL;
    if (asprintf(&entry, "%s=%s", name, value) < 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for the environment");
    return strlist_add(to, entry, e);
}

static enum err fill_environment(struct strlist *to, const struct process_place *place,
                                 const struct process_marks *marks, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof(inherited) / sizeof(inherited[0]) && err == ERR_OK; i++) {
        /* The agent never changes its environment, so reading it is safe. */
        const char *value = getenv(inherited[i].name); /* NOLINT(concurrency-mt-unsafe) */
        err = add_variable(to, inherited[i].name, value != NULL ? value : inherited[i].fallback, e);
    }
    const char *const own[][2] = {
        {"HIVECAST_AGENT", marks->agent},
        {"HIVECAST_TARGET", marks->target_id},
        {"HIVECAST_PROCESS", marks->process_id},
        {"HIVECAST_TASK", place->task_id},
        {"HIVECAST_APP", place->app},
        {"HIVECAST_APP_DATA", place->app_data},
        {"PWD", place->directory},
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && err == ERR_OK; i++)
        err = add_variable(to, own[i][0], own[i][1], e);
    return err;
}

/* The list with a NULL behind it, as exec wants it. Borrows the strings. */
static enum err exec_vector(const struct strlist *list, char ***out, struct error *e)
{
    char **vector = calloc(list->count + 1, sizeof(*vector));
    if (vector == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the environment");
    memcpy(vector, list->items, list->count * sizeof(*vector));
    *out = vector;
    return ERR_OK;
}

/* In the child */

static _Noreturn void child_fail(const struct launch *l, enum step step)
{
    struct start_failure failure = {.step = step, .number = errno};
    /* Nobody to tell when the parent is gone. */
    (void)!write(l->failure, &failure, sizeof(failure));
    _exit(127);
}

static void child_reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number <= SIGRTMAX; number++)
        (void)sigaction(number, &action, NULL); /* refused for SIGKILL and the like */
    sigset_t none;
    sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

/* Closes from first on, but for the failure pipe, which closes itself at exec. */
static void child_close_others(int first)
{
    const unsigned cloexec = 1U << 2; /* CLOSE_RANGE_CLOEXEC */
    if (syscall(SYS_close_range, first, ~0U, cloexec) == 0)
        return;
    struct rlimit limit;
    int end = 65536; /* kernels before 5.11: descriptors are handed out from below */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)end)
        end = (int)limit.rlim_cur;
    for (int fd = first; fd < end; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static _Noreturn void child_run(struct launch *l)
{
    (void)setsid();
    /* Above the standard ones, so that no dup2 below overwrites one that is still needed. */
    l->failure = fcntl(l->failure, F_DUPFD_CLOEXEC, 3);
    l->output = fcntl(l->output, F_DUPFD_CLOEXEC, 3);
    l->errors = fcntl(l->errors, F_DUPFD_CLOEXEC, 3);
    int input = open("/dev/null", O_RDONLY);
    if (input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(l->output, STDOUT_FILENO) < 0 ||
        dup2(l->errors, STDERR_FILENO) < 0)
        child_fail(l, STEP_INPUT);
    child_close_others(3);
    if (l->directory != NULL && chdir(l->directory) != 0)
        child_fail(l, STEP_DIRECTORY);
    child_reset_signals();
    execve(l->argv[0], (char *const *)(uintptr_t)l->argv, l->environment);
    child_fail(l, STEP_EXEC);
}

/* In the parent */

static enum err start_error(const struct launch *l, const struct start_failure *f, struct error *e)
{
    errno = f->number;
    if (f->step == STEP_DIRECTORY)
        return error_errno(e, "change to directory %s", l->directory);
    if (f->step == STEP_EXEC)
        return error_errno(e, "execute %s", l->argv[0]);
    return error_errno(e, "connect the output of %s", l->argv[0]);
}

/* Waits for exec: the pipe closes then. The child needs no more than microseconds for it. */
static enum err await_exec(const struct launch *l, int failure, pid_t pid, struct error *e)
{
    struct start_failure f;
    ssize_t got;
    do
        got = read(failure, &f, sizeof(f));
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return ERR_OK;
    if (got != (ssize_t)sizeof(f))
        f = (struct start_failure){.step = STEP_INPUT, .number = EIO};
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return start_error(l, &f, e);
}

struct pipes {
    int output[2], errors[2], failure[2];
};

static void close_pair(const int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0)
            close(pair[i]);
    }
}

static void pipes_clear_auto(struct pipes *p)
{
    close_pair(p->output);
    close_pair(p->errors);
    close_pair(p->failure);
}

/* Only the agent's ends do not block: the command gets ordinary pipes. */
static enum err open_pipes(struct pipes *p, struct error *e)
{
    if (pipe2(p->output, O_CLOEXEC) != 0 || pipe2(p->errors, O_CLOEXEC) != 0 ||
        pipe2(p->failure, O_CLOEXEC) != 0 || fcntl(p->output[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(p->errors[0], F_SETFL, O_NONBLOCK) != 0)
        return error_errno(e, "pipe for a command");
    return ERR_OK;
}

static enum err launch(struct launch *l, struct pipes *p, struct process_child *out,
                       struct error *e)
{
    l->output = p->output[1];
    l->errors = p->errors[1];
    l->failure = p->failure[1];
    pid_t pid = fork();
    if (pid < 0)
        return error_errno(e, "fork");
    if (pid == 0)
        child_run(l);
    close(p->failure[1]);
    p->failure[1] = -1;
    enum err err = await_exec(l, p->failure[0], pid, e);
    if (err != ERR_OK)
        return err;
    *out = (struct process_child){
        .pid = pid, .output = take_fd(&p->output[0]), .errors = take_fd(&p->errors[0])};
    return ERR_OK;
}

static void strlist_clear_auto(struct strlist *l)
{
    strlist_clear(l);
}

enum err process_spawn(const char *const *argv, const struct process_place *place,
                       const struct process_marks *marks, struct process_child *out,
                       struct error *e)
{
    AUTO(strlist_clear) struct strlist variables = {0};
    AUTO_FREE char **environment = NULL;
    AUTO(pipes_clear)
    struct pipes pipes = {{-1, -1}, {-1, -1}, {-1, -1}};
    enum err err = fill_environment(&variables, place, marks, e);
    if (err == ERR_OK)
        err = exec_vector(&variables, &environment, e);
    if (err == ERR_OK)
        err = open_pipes(&pipes, e);
    if (err != ERR_OK)
        return err;
    struct launch l = {.argv = argv, .environment = environment, .directory = place->directory};
    return launch(&l, &pipes, out, e);
}
