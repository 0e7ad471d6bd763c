/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast completion: a script for bash or zsh, made from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "command.h"

static void print_option_words(const struct option_spec *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf(" --%s", options[i].name);
}

static bool is_first_of_group(size_t i)
{
    return i == 0 || strcmp(commands[i - 1].group, commands[i].group) != 0;
}

static void print_groups(void)
{
    printf("    local groups='help");
    for (size_t i = 0; i < command_count; i++) {
        if (is_first_of_group(i))
            printf(" %s", commands[i].group);
    }
    printf("'\n");
}

/* "targets) words='ls show set rm';;" */
static void print_verbs(void)
{
    printf("    case \"${COMP_WORDS[1]}\" in\n");
    for (size_t i = 0; i < command_count; i++) {
        if (commands[i].verb == NULL)
            continue;
        if (is_first_of_group(i))
            printf("    %s) verbs='", commands[i].group);
        printf("%s%s", is_first_of_group(i) ? "" : " ", commands[i].verb);
        if (i + 1 == command_count || is_first_of_group(i + 1))
            printf("';;\n");
    }
    printf("    esac\n");
}

/* "'targets ls') words='--tag --json';;" */
static void print_options(void)
{
    printf("    case \"${COMP_WORDS[1]}${verbs:+ ${COMP_WORDS[2]}}\" in\n");
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];
        printf("    '%s%s%s') options='--help", command->group, command->verb != NULL ? " " : "",
               command->verb != NULL ? command->verb : "");
        print_option_words(command->options, command->option_count);
        print_option_words(common_options, common_option_count);
        printf("';;\n");
    }
    printf("    esac\n");
}

static void print_function(void)
{
    printf("_hivecast() {\n"
           "    local word=\"${COMP_WORDS[COMP_CWORD]}\" verbs='' options='--help --json'\n");
    print_groups();
    print_verbs();
    print_options();
    printf("    if [ \"$COMP_CWORD\" = 1 ]; then\n"
           "        COMPREPLY=($(compgen -W \"$groups\" -- \"$word\"))\n"
           "    elif [ \"$COMP_CWORD\" = 2 ] && [ -n \"$verbs\" ]; then\n"
           "        COMPREPLY=($(compgen -W \"$verbs\" -- \"$word\"))\n"
           "    elif [ \"${word#-}\" != \"$word\" ]; then\n"
           "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
           "    else\n"
           "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
           "    fi\n"
           "}\n"
           "complete -o filenames -F _hivecast hivecast\n");
}

enum err completion_run(struct cli *c, struct error *e)
{
    const char *shell = options_positional(c->options, 0);
    bool is_zsh = strcmp(shell, "zsh") == 0;
    if (!is_zsh && strcmp(shell, "bash") != 0)
        return error_set(e, ERR_INVALID, "completion for '%.20s'? only bash and zsh are known",
                         shell);
    printf("# hivecast completion for %s; use: %s\n", shell,
           is_zsh ? "source <(hivecast completion zsh)" : "source <(hivecast completion bash)");
    if (is_zsh)
        printf("autoload -Uz bashcompinit && bashcompinit\n");
    print_function();
    return ERR_OK;
}
