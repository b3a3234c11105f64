<?php
// For php -S: what it calls for each request.
echo file_get_contents("php://input");
