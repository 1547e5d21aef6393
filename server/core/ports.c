#include "server/core/ports.h"

#include <stdlib.h>

void rpl_agent_quote_free(rpl_agent_quote *quote)
{
    free(quote->quote);
    free(quote->event_log);
    *quote = (rpl_agent_quote){0};
}
