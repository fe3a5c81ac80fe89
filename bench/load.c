/*
 * The load of the fastest rows, in C, so that it needs a small share of what the server needs. One thread and epoll; the work
 * for each message is the same as that of the generators in TypeScript.
 *
 *   load native|irc|flood PORT COUNT FIRST ROOM COUNTERS PASSWORD TEXT
 *
 * Logs COUNT users in (u<FIRST> …) and says "ready". Then it takes commands, one a line: "talk PAIRS WINDOW" (user 0 sends to 1,
 * 2 to 3 …, each with so many under way), "pour WRITE AHEAD" (user 0 sends so many messages to all in one write, at most so many
 * writes ahead of the slowest), and "stop", which is answered "stopped" when everything has arrived. COUNTERS is a file of three
 * 64-bit numbers: messages delivered, messages acknowledged to their sender, errors. With "flood" the first user writes receipts
 * that nobody waits for as fast as the server takes them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BUFFER = 32 * 1024, UNDER_WAY = 64, ACK_EVERY = 64, WRITES = 64 };

struct user {
  int fd, number, held;
  char buffer[BUFFER];
  long said, got, unacked;
  /* Of a sender: messages without a receipt, and the log numbers of those that are known. */
  int underWay, known;
  long seqs[UNDER_WAY];
};

static struct user *users;
static int count, first, native, window, writeOf, ahead, inFlight;
static int reached[WRITES];
static enum { IDLE, TALK, POUR } mode;
static int stopping;
static const char *text, *password;
static volatile struct { int64_t delivered, acked, errors; } *counters;

static void die(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void sendAll(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, bytes, length);
    if (n < 0 && errno != EAGAIN) die("write");
    if (n > 0) bytes += n, length -= n;
  }
}

static void ask(struct user *u, const char *line, const char *answer) {
  char said[BUFFER];
  size_t held = 0;
  sendAll(u->fd, line, strlen(line));
  do {
    if (held > BUFFER / 2) held = 0;
    ssize_t n = read(u->fd, said + held, BUFFER - 1 - held);
    if (n <= 0) die(line);
    said[held += n] = 0;
  } while (!strstr(said, answer));
}

static int localSocket(int port, int listens) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (listens ? bind(fd, (void *)&at, sizeof at) || listen(fd, 1) : connect(fd, (void *)&at, sizeof at)) die("socket");
  return fd;
}

/* Logs in over IM; returns the connection that the server has opened. */
static int loginIm(struct user *u) {
  char line[200];
  int listener = localSocket(0, 1);
  struct sockaddr_in at;
  socklen_t length = sizeof at;
  getsockname(listener, (void *)&at, &length);
  sprintf(line, "/login u%d %s\n", u->number, password);
  ask(u, line, "101 ");
  sprintf(line, "/port %d\n", ntohs(at.sin_port));
  ask(u, line, "201 ");
  int lb = accept(listener, NULL, NULL);
  close(listener);
  return lb;
}

static void loginNative(struct user *u) {
  int lb = loginIm(u);
  ask(u, "/partyline 2\n", "110 ");
  close(lb);
  ask(u, "{\"type\":\"resume\",\"client\":\"load\",\"answered\":0}\n", "{\"type\":\"begun\"");
}

static void flood(struct user *u) {
  static char bytes[64 * 1024];
  int lb = loginIm(u), length = 0;
  while (length < (int)sizeof bytes - 100) length += sprintf(bytes + length, "302 Message receipt successful\n");
  puts("ready");
  fflush(stdout);
  while (1) sendAll(lb, bytes, length);
}

static void loginIrc(struct user *u, int room) {
  char line[200];
  sprintf(line, "NICK u%d\r\nUSER u%d 0 * :u%d\r\n", u->number, u->number, u->number);
  ask(u, line, " 376 ");
  if (room) ask(u, "JOIN #room\r\n", " 366 ");
}

/* Sends `messages` in one write: to user `to`, or to all. */
static void say(struct user *u, int to, int messages) {
  static char bytes[64 * 512];
  char where[40];
  int length = 0;
  if (native) sprintf(where, to < 0 ? "\"room\":\"lobby\"" : "\"to\":\"u%d\"", first + to);
  else sprintf(where, to < 0 ? "#room" : "u%d", first + to);
  for (int i = 0; i < messages; i++) {
    length += native ? sprintf(bytes + length, "{\"type\":\"say\",\"number\":%ld,%s,\"text\":\"%s\"}\n", ++u->said, where, text)
                     : sprintf(bytes + length, "PRIVMSG %s :%s\r\n", where, text);
  }
  sendAll(u->fd, bytes, length);
}

static void pourMore(void) {
  while (mode == POUR && !stopping && inFlight < ahead) {
    inFlight++;
    say(&users[0], -1, writeOf);
  }
}

static void talkMore(struct user *u) {
  if (mode != TALK || stopping || u->underWay >= window) return;
  int more = window - u->underWay;
  u->underWay += more;
  say(u, u - users + 1, more);
}

static void delivered(struct user *u) {
  counters->delivered++;
  u->got++;
  if (mode == TALK && !native) {
    u[-1].underWay--;
    counters->acked++;
  } else if (mode == POUR && u->got % writeOf == 0) {
    int at = u->got / writeOf % WRITES;
    if (++reached[at] < count - 1) return;
    reached[at] = 0;
    inFlight--;
    pourMore();
  }
}

static void received(struct user *u, long upTo) {
  int arrived = 0;
  while (arrived < u->known && u->seqs[arrived] <= upTo) arrived++;
  if (arrived == 0) return;
  memmove(u->seqs, u->seqs + arrived, (u->known -= arrived) * sizeof(long));
  u->underWay -= arrived;
  counters->acked += arrived;
  talkMore(u);
}

/* One line, ended by a NUL; returns the number of a message that is to be acknowledged, soon where it is somebody else's. */
static long takeLine(struct user *u, char *line, int *soon) {
  if (!native) {
    if (strstr(line, " PRIVMSG ")) delivered(u);
    return 0;
  }
  if (!strncmp(line, "{\"type\":\"message\",\"seq\":", 24)) {
    char *rest;
    long seq = strtol(line + 24, &rest, 10);
    u->unacked++;
    /* ,"from":"uN" */
    if (atoi(rest + 10) == u->number) {
      if (mode == TALK && u->known < UNDER_WAY) u->seqs[u->known++] = seq;
      return seq;
    }
    delivered(u);
    *soon = mode == TALK;
    return seq;
  }
  if (!strncmp(line, "{\"type\":\"received\"", 18)) received(u, atol(strstr(line, "\"upTo\":") + 7));
  else if (!strncmp(line, "{\"type\":\"failed\"", 16) || !strncmp(line, "{\"type\":\"error\"", 15)) counters->errors++;
  return 0;
}

static void receive(struct user *u) {
  ssize_t n = read(u->fd, u->buffer + u->held, BUFFER - 1 - u->held);
  if (n == 0 || (n < 0 && errno != EAGAIN)) die("the server has closed a connection");
  if (n < 0) return;
  int end = u->held + n;
  char *at = u->buffer, *line;
  long seq = 0;
  int soon = 0;
  while ((line = memchr(at, '\n', u->buffer + end - at))) {
    *line = 0;
    long more = takeLine(u, at, &soon);
    if (more) seq = more;
    at = line + 1;
  }
  u->held = u->buffer + end - at;
  memmove(u->buffer, at, u->held);
  if (!native && mode == TALK && u->number % 2 != first % 2) talkMore(u - 1);
  if (seq && (soon || u->unacked >= ACK_EVERY)) {
    char ack[60];
    u->unacked = 0;
    sendAll(u->fd, ack, sprintf(ack, "{\"type\":\"ack\",\"seq\":%ld}\n", seq));
  }
}

static void command(void) {
  char line[100] = "";
  int pairs = 0;
  ssize_t n = read(0, line, sizeof line - 1);
  if (n <= 0) exit(0);
  if (!strncmp(line, "stop", 4)) stopping = 1;
  else if (sscanf(line, "talk %d %d", &pairs, &window) == 2) {
    mode = TALK;
    for (int i = 0; i < pairs; i++) talkMore(&users[2 * i]);
  } else if (sscanf(line, "pour %d %d", &writeOf, &ahead) == 2) {
    mode = POUR;
    pourMore();
  }
}

static int quiet(void) {
  if (mode == POUR) return inFlight == 0;
  for (int i = 0; i < count; i++) if (users[i].underWay > 0) return 0;
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 9) return 2;
  native = !strcmp(argv[1], "native");
  int port = atoi(argv[2]), room = atoi(argv[5]), one = 1;
  count = atoi(argv[3]);
  first = atoi(argv[4]);
  password = argv[7];
  text = argv[8];
  int file = open(argv[6], O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, sizeof *counters)) die(argv[6]);
  counters = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  users = calloc(count, sizeof *users);
  int poll = epoll_create1(0);
  for (int i = 0; i < count; i++) {
    struct user *u = &users[i];
    u->number = first + i;
    u->fd = localSocket(port, 0);
    if (!strcmp(argv[1], "flood")) flood(u);
    setsockopt(u->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (native) loginNative(u);
    else loginIrc(u, room);
    epoll_ctl(poll, EPOLL_CTL_ADD, u->fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = u});
  }
  for (int i = 0; i < count; i++) fcntl(users[i].fd, F_SETFL, O_NONBLOCK);
  epoll_ctl(poll, EPOLL_CTL_ADD, 0, &(struct epoll_event){.events = EPOLLIN});
  puts("ready");
  fflush(stdout);
  while (1) {
    struct epoll_event events[64];
    int n = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < n; i++) {
      if (events[i].data.ptr) receive(events[i].data.ptr);
      else command();
    }
    if (stopping && quiet()) {
      stopping = 0;
      puts("stopped");
      fflush(stdout);
    }
  }
}
