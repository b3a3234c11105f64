#include "lab/experiments/subject.h"

enum {
    ALL = HAS_RESPONSE | HAS_EVENTS | HAS_RESTART,
    ECHO = ALL | HAS_ECHO,
    LOOP = HAS_KEEP_ALIVE | HAS_TRACE,
    WORK = ALL | LOOP | HAS_METRICS | HAS_WORK | HAS_GATE | HAS_BALANCES |
           HAS_LINES,
};

static const unsigned has[SERVERS] = {
    ECHO | HAS_TRACE,
    ECHO | LOOP,
    ALL | LOOP | HAS_EARLY | HAS_METRICS,
    WORK,
    WORK | HAS_EARLY,
    WORK | HAS_EARLY,
    ECHO,             // the sketch
    WORK | HAS_EARLY, // lanes
    WORK | HAS_EARLY, // durable
    WORK | HAS_EARLY, // shared
};

void subject_of_stage(struct subject *subject, int number)
{
    *subject = (struct subject){
        .number = number,
        .name = stage_name(number),
        .has = has[number - 1],
    };
    stage_command(&subject->command, number, NULL);
}
