# Perl's HTTP::Daemon, in the loop that its manual shows.

use strict;
use warnings;
use HTTP::Daemon;
use HTTP::Response;

my $daemon = HTTP::Daemon->new(
    LocalAddr => '127.0.0.1',
    LocalPort => $ENV{PORT},
    ReuseAddr => 1,
) or die "cannot listen: $@";
while (my $client = $daemon->accept) {
    while (my $request = $client->get_request) {
        $client->send_response(
            HTTP::Response->new(200, 'OK', [], $request->content));
    }
    $client->close;
}
