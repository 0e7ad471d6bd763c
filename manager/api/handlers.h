/* SPDX-License-Identifier: Apache-2.0 */
/* handlers: one function per operation of openapi/manager.yaml; routes.c says which is which. */
#ifndef HANDLERS_H
#define HANDLERS_H

#include "api.h"

api_handler_fn targets_list;
api_handler_fn targets_patch;
api_handler_fn target_get;
api_handler_fn target_put;
api_handler_fn target_delete;
api_handler_fn target_put_logs;
api_handler_fn target_put_stop;
api_handler_fn target_put_command;
api_handler_fn target_delete_command;

api_handler_fn tasks_list;
api_handler_fn tasks_post;
api_handler_fn task_get;
api_handler_fn task_delete;
api_handler_fn task_list_targets;
api_handler_fn task_put_stop;
api_handler_fn uploads_post;

api_handler_fn logs_list;

api_handler_fn token_sets_list;
api_handler_fn token_sets_post;
api_handler_fn token_set_get;
api_handler_fn token_set_delete;

api_handler_fn rpc_post_target;
api_handler_fn rpc_server_info;
api_handler_fn health_get;
api_handler_fn openapi_get;

#endif
