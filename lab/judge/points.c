#include "lab/judge/points.h"

int points_max_of_row(const struct judge_row *row)
{
    if (row->result == JUDGE_NOT_DONE)
        return 0;
    return row->makes ? 2 : 1;
}

int points_of_row(const struct judge_row *row)
{
    return row->result == JUDGE_OK ? points_max_of_row(row) : 0;
}

int points(const struct judgement *judgement)
{
    int sum = 0;
    for (int i = 0; i < judgement->count; i++)
        sum += points_of_row(&judgement->rows[i]);
    return sum;
}

int points_max(const struct judgement *judgement)
{
    int sum = 0;
    for (int i = 0; i < judgement->count; i++)
        sum += points_max_of_row(&judgement->rows[i]);
    return sum;
}
