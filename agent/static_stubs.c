/* SPDX-License-Identifier: Apache-2.0 */
/* static_stubs: what Debian's libzmq.a wants of Kerberos, OpenPGM and NORM for transports that the
 * agent never asks for. Linked only into the static agent, in their place: Debian has no static
 * Kerberos, and the others cost memory for nothing. */
#include <stdlib.h>

#include "log.h"

/* Reached only by a socket of a transport that is not there: our own bug. */
#define ABSENT(name)                                                                               \
    void name(void);                                                                               \
    void name(void)                                                                                \
    {                                                                                              \
        log_error("%s is not part of the static agent", #name);                                    \
        abort();                                                                                   \
    }

#define ABSENT_HANDLE(name)                                                                        \
    extern const void *const name;                                                                 \
    const void *const name = NULL;

/* Every ZeroMQ context starts and ends OpenPGM; 1 is success. */
int pgm_init(void *error);
int pgm_init(void *error)
{
    (void)error;
    return 1;
}

int pgm_shutdown(void);
int pgm_shutdown(void)
{
    return 1;
}

ABSENT(pgm_bind3)
ABSENT(pgm_close)
ABSENT(pgm_connect)
ABSENT(pgm_error_free)
ABSENT(pgm_free)
ABSENT(pgm_freeaddrinfo)
ABSENT(pgm_getaddrinfo)
ABSENT(pgm_getsockopt)
ABSENT(pgm_gsi_create_from_data)
ABSENT(pgm_recvmsgv)
ABSENT(pgm_send)
ABSENT(pgm_setsockopt)
ABSENT(pgm_socket)

ABSENT_HANDLE(GSS_C_NT_HOSTBASED_SERVICE)
ABSENT_HANDLE(GSS_C_NT_USER_NAME)
ABSENT(gss_accept_sec_context)
ABSENT(gss_acquire_cred)
ABSENT(gss_delete_sec_context)
ABSENT(gss_display_name)
ABSENT(gss_import_name)
ABSENT(gss_init_sec_context)
ABSENT(gss_release_buffer)
ABSENT(gss_release_cred)
ABSENT(gss_release_name)
ABSENT(gss_unwrap)
ABSENT(gss_wrap)

ABSENT_HANDLE(NORM_INSTANCE_INVALID)
ABSENT_HANDLE(NORM_OBJECT_INVALID)
ABSENT_HANDLE(NORM_SESSION_INVALID)
ABSENT_HANDLE(NORM_NODE_ANY)
ABSENT(NormCreateInstance)
ABSENT(NormCreateSession)
ABSENT(NormDestroyInstance)
ABSENT(NormDestroySession)
ABSENT(NormGetDescriptor)
ABSENT(NormGetNextEvent)
ABSENT(NormGetRandomSessionId)
ABSENT(NormIsUnicastAddress)
ABSENT(NormNodeDelete)
ABSENT(NormObjectGetType)
ABSENT(NormObjectGetUserData)
ABSENT(NormObjectSetUserData)
ABSENT(NormSetCongestionControl)
ABSENT(NormSetDefaultSyncPolicy)
ABSENT(NormSetDefaultUnicastNack)
ABSENT(NormSetLoopback)
ABSENT(NormSetMulticastInterface)
ABSENT(NormSetRxPortReuse)
ABSENT(NormSetTTL)
ABSENT(NormStartReceiver)
ABSENT(NormStartSender)
ABSENT(NormStopInstance)
ABSENT(NormStopReceiver)
ABSENT(NormStopSender)
ABSENT(NormStreamFlush)
ABSENT(NormStreamOpen)
ABSENT(NormStreamRead)
ABSENT(NormStreamSeekMsgStart)
ABSENT(NormStreamWrite)
