// datagram.c -- many datagrams in one call of the kernel.

#include "engine/loop/datagram.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

enum { CONTROL_SIZE = 64 };

struct weir_datagrams {
  size_t size_max;
  char *room;
  struct mmsghdr messages[WEIR_DATAGRAMS];
  struct iovec pieces[WEIR_DATAGRAMS];
  weir_address senders[WEIR_DATAGRAMS];
  _Alignas(struct cmsghdr) char control[WEIR_DATAGRAMS][CONTROL_SIZE];
  uint32_t count;
  uint32_t next;
  uint32_t dropped;  // as the kernel counts them, which wraps
  uint32_t dropped_told;
  weir_address sender;  // of the text
  char peer[WEIR_ADDRESS_TEXT];
};

weir_datagrams *weir_datagrams_new(size_t size_max)
{
  weir_datagrams *datagrams = weir_mem_new(sizeof *datagrams);
  datagrams->size_max = size_max;
  datagrams->room = weir_mem_insist(NULL, size_max * WEIR_DATAGRAMS);
  for (uint32_t i = 0; i < WEIR_DATAGRAMS; i++)
    datagrams->pieces[i] = (struct iovec){datagrams->room + i * size_max, size_max};
  return datagrams;
}

void weir_datagrams_free(weir_datagrams *datagrams)
{
  if (datagrams == NULL)
    return;
  weir_mem_free(datagrams->room);
  weir_mem_free(datagrams);
}

static void note_dropped(weir_datagrams *datagrams, struct msghdr *message)
{
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL;
       at = CMSG_NXTHDR(message, at))
    if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SO_RXQ_OVFL)
      memcpy(&datagrams->dropped, CMSG_DATA(at), sizeof datagrams->dropped);
}

// What it throws away it tells with the next one that it keeps; behind the last one it
// has to be asked.
static void ask_dropped(weir_datagrams *datagrams, const weir_socket *socket)
{
  uint32_t about[SK_MEMINFO_VARS];
  socklen_t size = sizeof about;
  int fd = weir_socket_fd(socket);
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, about, &size) == 0 &&
      size > SK_MEMINFO_DROPS * sizeof *about)
    datagrams->dropped = about[SK_MEMINFO_DROPS];
}

int weir_datagrams_receive(weir_datagrams *datagrams, weir_socket *socket)
{
  for (uint32_t i = 0; i < WEIR_DATAGRAMS; i++)
    datagrams->messages[i].msg_hdr = (struct msghdr){
        .msg_name = datagrams->senders[i].bytes,
        .msg_namelen = sizeof datagrams->senders[i].bytes,
        .msg_iov = &datagrams->pieces[i],
        .msg_iovlen = 1,
        .msg_control = datagrams->control[i],
        .msg_controllen = CONTROL_SIZE,
    };
  int count;
  do
    count =
        recvmmsg(weir_socket_fd(socket), datagrams->messages, WEIR_DATAGRAMS, 0, NULL);
  while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) {
    ask_dropped(datagrams, socket);
    return WEIR_EEMPTY;
  }
  if (count < 0)
    return -errno;
  datagrams->count = (uint32_t)count;
  datagrams->next = 0;
  for (int i = 0; i < count; i++)
    note_dropped(datagrams, &datagrams->messages[i].msg_hdr);
  return WEIR_OK;
}

int weir_datagrams_next(weir_datagrams *datagrams, weir_datagram *out)
{
  if (datagrams->next == datagrams->count)
    return 0;
  uint32_t at = datagrams->next++;
  const struct mmsghdr *message = &datagrams->messages[at];
  weir_address *sender = &datagrams->senders[at];
  sender->size = message->msg_hdr.msg_namelen;
  // Who sends one often sends the next as well.
  if (sender->size != datagrams->sender.size ||
      memcmp(sender->bytes, datagrams->sender.bytes, sender->size) != 0) {
    datagrams->sender = *sender;
    weir_address_text(sender, datagrams->peer, sizeof datagrams->peer);
  }
  *out = (weir_datagram){
      .bytes = {datagrams->pieces[at].iov_base, message->msg_len},
      .peer = datagrams->peer,
      .is_cut = (message->msg_hdr.msg_flags & MSG_TRUNC) != 0,
  };
  return 1;
}

uint64_t weir_datagrams_dropped(weir_datagrams *datagrams)
{
  uint32_t count = datagrams->dropped - datagrams->dropped_told;
  datagrams->dropped_told = datagrams->dropped;
  return count;
}

int weir_datagrams_send(weir_socket *socket, const weir_slice *datagrams,
                        uint32_t count, uint32_t *sent)
{
  *sent = 0;
  while (*sent < count) {
    struct mmsghdr messages[WEIR_DATAGRAMS];
    struct iovec pieces[WEIR_DATAGRAMS];
    uint32_t some = count - *sent < WEIR_DATAGRAMS ? count - *sent : WEIR_DATAGRAMS;
    for (uint32_t i = 0; i < some; i++) {
      weir_slice bytes = datagrams[*sent + i];
      pieces[i] = (struct iovec){(char *)bytes.bytes, bytes.size};
      messages[i] =
          (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i], .msg_iovlen = 1}};
    }
    int done = sendmmsg(weir_socket_fd(socket), messages, some, MSG_NOSIGNAL);
    if (done > 0)
      *sent += (uint32_t)done;
    else if (errno != EINTR)
      return errno == EAGAIN ? WEIR_EEMPTY : -errno;
  }
  return WEIR_OK;
}
