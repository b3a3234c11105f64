# Ruby's WEBrick, with its defaults: a thread for each client.

require "webrick"

server = WEBrick::HTTPServer.new(
  BindAddress: "127.0.0.1", Port: ENV["PORT"].to_i,
  AccessLog: [], Logger: WEBrick::Log.new(File::NULL))
server.mount_proc("/") { |request, response| response.body = request.body.to_s }
server.start
