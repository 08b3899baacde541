/* What a socket's firmware does with ls1.h: every vector read and written. Names failures; exit code 1 if there are. */
#include "ls1_vectors.h"

#include <stdio.h>

static int failures;

static void check(const char *name, const char *what, bool holds)
{
    if (holds) return;
    failures++;
    printf("%s: %s\n", name, what);
}

/* The struct gives the bytes; the bytes give a struct that gives the bytes; a byte less gives neither. */
#define CHECK(type, vector, body, body_length, shortest, longest)                                          \
    do {                                                                                                   \
        uint8_t out[longest];                                                                              \
        struct type read;                                                                                  \
        size_t length = type##_encode(&(vector), out);                                                     \
        check(#vector, "encode", length == (body_length) && memcmp(out, (body), length) == 0);             \
        check(#vector, "decode", type##_decode(&read, (body), (body_length)));                             \
        memset(out, 0xA5, sizeof out);                                                                     \
        length = type##_encode(&read, out);                                                                \
        check(#vector, "decode and encode", length == (body_length) && memcmp(out, (body), length) == 0);  \
        check(#vector, "torn", !type##_decode(&read, (body), (size_t)(shortest) - 1));                      \
    } while (0)
#define FROM(name, type, TYPE, shortest)                                                                   \
    CHECK(ls1_##type, ls1_vector_##name, ls1_vector_##name##_body, sizeof ls1_vector_##name##_body,        \
          shortest, LS1_##TYPE##_LONGEST)
#define WHOLE(name, type, TYPE) FROM(name, type, TYPE, sizeof ls1_vector_##name##_body)
#define COMMAND(name, OPERATION)                                                                           \
    CHECK(ls1_command_head, ls1_vector_cmd_##name##_head, ls1_vector_cmd_##name##_body,                    \
          (size_t)LS1_COMMAND_HEAD_LONGEST, 6, LS1_COMMAND_HEAD_LONGEST);                                  \
    check(#name, "operation", ls1_vector_cmd_##name##_head.operation == LS1_OPERATION_##OPERATION)
#define OPERATION(name, type, TYPE)                                                                        \
    COMMAND(name, TYPE);                                                                                   \
    CHECK(ls1_##type, ls1_vector_cmd_##name, ls1_vector_cmd_##name##_body + LS1_COMMAND_HEAD_LONGEST,      \
          sizeof ls1_vector_cmd_##name##_body - 6, sizeof ls1_vector_cmd_##name##_body - 6,                \
          LS1_##TYPE##_LONGEST)

static void bodies(void)
{
    WHOLE(join_req, join_request, JOIN_REQUEST);
    WHOLE(join_acc, join_accept, JOIN_ACCEPT);
    WHOLE(status, status, STATUS);
    WHOLE(event, event, EVENT);
    WHOLE(meter, meter, METER);
    WHOLE(settle, settle, SETTLE);
    WHOLE(cmd_res, command_result, COMMAND_RESULT);
    FROM(ota_stat, firmware_status, FIRMWARE_STATUS, 8);
    WHOLE(info, info, INFO);
    WHOLE(status_short, status_short, STATUS_SHORT);
    WHOLE(poll, poll, POLL);
    WHOLE(ota_setup, firmware_setup, FIRMWARE_SETUP);
    FROM(ota_data, firmware_data, FIRMWARE_DATA, 2);
    WHOLE(ota_status_req, firmware_status_request, FIRMWARE_STATUS_REQUEST);
    WHOLE(ota_apply, firmware_apply, FIRMWARE_APPLY);
    WHOLE(key_update, key_update, KEY_UPDATE);
    WHOLE(chan, channel_change, CHANNEL_CHANGE);
    WHOLE(network_time, network_time, NETWORK_TIME);
    FROM(beacon, beacon, BEACON, 9);
    WHOLE(ack, acknowledgement, ACKNOWLEDGEMENT);
    CHECK(ls1_report_head, ls1_vector_param_rpt_head, ls1_vector_param_rpt_body, (size_t)LS1_REPORT_HEAD_LONGEST,
          3, LS1_REPORT_HEAD_LONGEST);
    OPERATION(start, start, START);
    OPERATION(stop, stop, STOP);
    OPERATION(limit, limit, LIMIT);
    OPERATION(locate, locate, LOCATE);
    OPERATION(reboot, reboot, REBOOT);
    OPERATION(switch_usb, switch_usb, SWITCH_USB);
    COMMAND(lock, LOCK);
    COMMAND(unlock, UNLOCK);
    COMMAND(clear_fault, CLEAR_FAULT);
    COMMAND(self_test, SELF_TEST);
    COMMAND(relay_test, RELAY_TEST);
}

static void lists(void)
{
    static const uint8_t tags[] = {0x01, 0x0C, 0x12};
    const uint8_t *data = ls1_vector_param_set_body;
    size_t left = sizeof ls1_vector_param_set_body, found = 0;
    struct ls1_parameter one;
    while (ls1_parameter_next(&one, &data, &left))
        check("PARAM_SET", "tag", found < sizeof tags && one.tag == tags[found++]);
    check("PARAM_SET", "end of the list", found == sizeof tags && left == 0);

    data = ls1_vector_param_set_body;
    left = sizeof ls1_vector_param_set_body - 1;
    while (ls1_parameter_next(&one, &data, &left)) continue;
    check("PARAM_SET", "a torn list is told", left != 0);

    struct ls1_parameter_get get;
    uint8_t out[LS1_PARAMETER_GET_LONGEST];
    check("PARAM_GET", "decode", ls1_parameter_get_decode(&get, ls1_vector_param_get_body, 2) && get.tags_length == 2);
    check("PARAM_GET", "encode", ls1_parameter_get_encode(&get, out) == 2 && out[1] == ls1_vector_param_get.tags[1]);
    get.tags_length = sizeof get.tags + 1;
    check("PARAM_GET", "too many", ls1_parameter_get_encode(&get, out) == 0);
}

static const struct ls1_rule *rule_of(uint8_t type)
{
    for (size_t i = 0; i < sizeof ls1_rules / sizeof *ls1_rules; i++)
        if (ls1_rules[i].type == type) return &ls1_rules[i];
    return NULL;
}

static void frame(const struct ls1_vector *vector)
{
    struct ls1_header header;
    uint8_t head[LS1_HEADER], nonce[LS1_NONCE];
    const struct ls1_rule *rule = rule_of(vector->type);
    if (rule == NULL || !ls1_header_decode(&header, vector->frame, vector->frame_length)) {
        check(vector->name, "rule and header", false);
        return;
    }
    check(vector->name, "type", header.type == vector->type);
    check(vector->name, "direction", rule->down == ((header.control & LS1_DOWN) != 0));
    check(vector->name, "repeated", rule->answered == ((header.control & LS1_ACK_WANTED) != 0));
    check(vector->name, "tag", ls1_tag_bytes(&header) >= rule->tag);
    check(vector->name, "clear bytes", rule->clear == vector->clear);
    check(vector->name, "readable part", memcmp(vector->frame + LS1_HEADER, vector->body, vector->clear) == 0);
    size_t length = LS1_HEADER + vector->body_length + ls1_tag_bytes(&header) + (vector->acknowledges ? 2u : 0u);
    check(vector->name, "length", length == vector->frame_length);
    ls1_header_encode(&header, head);
    check(vector->name, "header", memcmp(head, vector->frame, sizeof head) == 0);
    ls1_nonce(&header, vector->counter, vector->join_nonce, nonce);
    check(vector->name, "nonce", memcmp(nonce, vector->nonce, sizeof nonce) == 0);
    check(vector->name, "shorter than header and tag", !ls1_header_decode(&header, vector->frame, 12));
}

int main(void)
{
    size_t count = sizeof ls1_vectors / sizeof *ls1_vectors;
    bodies();
    lists();
    for (size_t i = 0; i < count; i++) frame(&ls1_vectors[i]);
    printf("%d vectors, %d failures\n", (int)count, failures);
    return failures ? 1 : 0;
}
