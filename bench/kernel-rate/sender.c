/*
 * Sends the frames of a file out of an interface as fast as one core can, round and round:
 *   sender INTERFACE FILE FRAME_BYTES MAX_FRAMES MAX_SECONDS CPU
 * Prints "sent N" and "nanoseconds N". Pinned to that CPU, so that what the frames cause runs there as well.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* By the clock on the wall: a kernel may not charge the softirqs that the frames cause to this thread. */
static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	static struct mmsghdr messages[BATCH];
	static struct iovec parts[BATCH];
	int one = 1;
	cpu_set_t cpus;

	if (argc != 7)
		return 2;
	size_t size = strtoul(argv[3], NULL, 10);
	long long most = atoll(argv[4]);
	long long limit = (long long)(atof(argv[5]) * 1e9);

	CPU_ZERO(&cpus);
	CPU_SET(strtoul(argv[6], NULL, 10), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		fail("sched_setaffinity");

	FILE *file = fopen(argv[2], "rb");
	if (!file)
		fail(argv[2]);
	fseek(file, 0, SEEK_END);
	size_t count = (size_t)ftell(file) / size;
	rewind(file);
	char *frames = malloc(count * size);
	if (!frames || fread(frames, size, count, file) != count)
		fail("read");
	fclose(file);

	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		fail("socket");
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		fail("PACKET_QDISC_BYPASS");
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex(argv[1]),
	};
	if (!address.sll_ifindex || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		fail(argv[1]);

	for (int i = 0; i < BATCH; i++) {
		parts[i].iov_len = size;
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}

	long long sent = 0, start = now();
	while (sent < most) {
		long long left = most - sent;
		unsigned int batch = left < BATCH ? (unsigned int)left : BATCH;

		for (unsigned int i = 0; i < batch; i++)
			parts[i].iov_base = frames + ((size_t)(sent + i) % count) * size;
		int done = sendmmsg(fd, messages, batch, 0);
		if (done < 0) {
			if (errno == ENOBUFS || errno == EINTR || errno == EAGAIN)
				continue;
			fail("sendmmsg");
		}
		sent += done;
		if (now() - start >= limit)
			break;
	}
	printf("sent %lld\nnanoseconds %lld\n", sent, now() - start);
	return 0;
}
